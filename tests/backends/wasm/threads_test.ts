import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { atomic, call, type FunctionBuilder, i32, ModuleBuilder } from "../../../assembler/mod.ts";
import type { FormName } from "../../../backends/wasm/forms.ts";
import { Machine } from "../../../backends/wasm/machine.ts";
import { guardedMemory } from "../../../backends/wasm/native/memory.ts";
import { CONTROL_BYTES, emitBarrier, ThreadPool } from "../../../backends/wasm/threads.ts";
import { nativeLevels } from "../../support/native.ts";

const THREADS = "../../../backends/wasm/threads.ts";
const ASSEMBLER = "../../../assembler/mod.ts";

const CONTROL = 64;
const COUNTS = CONTROL + CONTROL_BYTES;
const TOTAL = COUNTS + 1024;
const MET = TOTAL + 1024;
const ROUNDS = 300;

/**
 * `sum`: in each round every thread publishes a number, meets the others, adds up all numbers
 * and meets the others again, the last one counting the round. `fail`: thread `failing` traps, the
 * others wait at the barrier.
 */
function testModule(threads: number, failing = threads - 1): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  const barrier = emitBarrier(module, CONTROL, threads);
  const meet = (f: FunctionBuilder<{ thread: "i32" }, "void">, whileWaiting = () => {}) =>
    f.if(call(barrier.arrive, {}), () => {
      whileWaiting();
      f.emit(call(barrier.open, {}));
    });

  const sum = module.function("sum", { thread: "i32" });
  const own = sum.i32(), other = sum.i32(), round = sum.i32(), total = sum.i32();
  const { thread } = sum.parameters;
  sum.set(own, i32.mul(thread, 4));
  sum.loop(round, 0, ROUNDS, 1, () => {
    sum.emit(i32.store(own, i32.add(i32.mul(round, 10), thread), COUNTS));
    meet(sum);
    sum.loop(other, 0, 4 * threads, 4, () => sum.increment(total, i32.load(other, COUNTS)));
    meet(sum, () => sum.emit(i32.store(0, i32.add(i32.load(0, MET), 1), MET)));
  });
  sum.emit(i32.store(own, total, TOTAL));
  module.export(sum);

  const fail = module.function("fail", { thread: "i32" });
  fail.if(i32.eq(fail.parameters.thread, failing), () => fail.unreachable());
  meet(fail);
  meet(fail);
  module.export(fail);

  const trap = module.function("trap", { thread: "i32" });
  trap.unreachable();
  module.export(trap);

  const count = module.function("count", { thread: "i32" });
  count.drop(atomic.add(TOTAL, 1));
  module.export(count);
  return module.build();
}

function sharedMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
}

/** Runs a test with a machine whose threads run a module in a form. */
async function withMachine(
  form: FormName,
  module: Uint8Array<ArrayBuffer>,
  threads: number,
  test: (machine: Machine) => void,
): Promise<void> {
  const memory = form === "wasm" ? sharedMemory() : guardedMemory(1, true);
  const machine = await Machine.start(module, { form, memory, threads, control: CONTROL });
  try {
    test(machine);
  } finally {
    machine.dispose();
  }
}

for (const form of ["wasm", ...nativeLevels()] as const) {
  for (const threads of [1, 2, 3]) {
    Deno.test(`${threads} thread(s) see each other's numbers in every round (${form})`, async () => {
      const perThread = threads * 10 * (ROUNDS * (ROUNDS - 1)) / 2 +
        ROUNDS * (threads * (threads - 1)) / 2;
      await withMachine(form, testModule(threads), threads, ({ pool, memory }) => {
        for (let run = 0; run < 3; run++) {
          pool.run("sum");
          const totals = [...new Int32Array(memory.buffer, TOTAL, threads)];
          assertEquals(totals, Array(threads).fill(perThread));
          assertEquals(new Int32Array(memory.buffer, MET, 1)[0], (run + 1) * ROUNDS);
        }
      });
    });

    Deno.test(`a trap in one of ${threads} thread(s) is thrown and hangs no thread (${form})`, async () => {
      for (const failing of new Set([0, threads - 1])) {
        await withMachine(form, testModule(threads, failing), threads, ({ pool, memory }) => {
          for (let run = 0; run < 2; run++) {
            const message = `thread ${failing} failed in fail: RuntimeError: unreachable`;
            assertThrows(() => pool.run("fail"), Error, message);
          }
          assertThrows(() => pool.runAlone("trap"), WebAssembly.RuntimeError, "unreachable");
          pool.run("count");
          assertEquals(new Int32Array(memory.buffer)[TOTAL / 4], threads);
        });
      }
    });
  }
}

Deno.test("a pool refuses unknown programs, and every program after disposal", async () => {
  const options = { memory: sharedMemory(), threads: 2, control: CONTROL };
  const pool = await ThreadPool.start({
    code: { module: new WebAssembly.Module(testModule(2)) },
    ...options,
  });
  assertThrows(() => pool.run("nothing"), Error, "there is no program nothing");
  pool.dispose();
  pool.dispose();
  assertThrows(() => pool.run("sum"), Error, "disposed");
});

Deno.test("a module that does not fit the memory is refused", async () => {
  const module = new WebAssembly.Module(new ModuleBuilder({ minimumPages: 2 }).build());
  const options = { code: { module }, memory: sharedMemory(), threads: 2, control: CONTROL };
  await assertRejects(() => ThreadPool.start(options), WebAssembly.LinkError);
});

/** Runs a program that starts a pool between the given lines; returns what it printed. */
async function runProgram(
  firstLine: string,
  lastLine: string,
): Promise<{ code: number; output: string }> {
  const source = `
    ${firstLine}
    import { ThreadPool } from ${JSON.stringify(import.meta.resolve(THREADS))};
    import { ModuleBuilder } from ${JSON.stringify(import.meta.resolve(ASSEMBLER))};
    const module = new ModuleBuilder();
    module.export(module.function("nothing", { thread: "i32" }));
    const pool = await ThreadPool.start({
      code: { module: new WebAssembly.Module(module.build()) },
      memory: new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }),
      threads: 2,
      control: 0,
    });
    pool.run("nothing");
    console.log("ran");
    ${lastLine}`;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, source);
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-config", "--no-check", file],
      stderr: "inherit",
      signal: AbortSignal.timeout(30_000),
    }).output();
    return { code, output: new TextDecoder().decode(stdout) };
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("a process exits after its pool is disposed of", async () => {
  assertEquals(await runProgram("", "pool.dispose();"), { code: 0, output: "ran\n" });
});

Deno.test("without node:worker_threads, as in a browser, web workers are used", async () => {
  const result = await runProgram("delete globalThis.process;", "pool.dispose();");
  assertEquals(result, { code: 0, output: "ran\n" });
});

Deno.test("a process exits without disposing of its pool", async () => {
  assertEquals(await runProgram("", ""), { code: 0, output: "ran\n" });
});
