/**
 * Peak speed of one core of this machine: multiply-adds on registers only, in the form of code of
 * the kernels. Speeds of kernels are quoted as fractions of it.
 */
import { allocateMemory, PAGE_BYTES } from "../backends/wasm/addresses.ts";
import { i32, ModuleBuilder, WideVectors } from "../assembler/mod.ts";
import type { Form } from "../backends/wasm/forms.ts";
import { Machine } from "../backends/wasm/machine.ts";

/** Independent sums, enough to hide the latency of a multiply-add and few enough for registers. */
const SUMS = 12;
const ROUNDS = 100_000;
/** Where the numbers are, after the memory that the machine uses itself. */
const PLACE = 4096;

/** Measures GFLOP/s of one core: the best of some runs. */
export async function peakGigaflops({ name: form, target }: Form, runs = 50): Promise<number> {
  const module = new ModuleBuilder({ maximumPages: 1, shared: false });
  const f = module.function("run", { thread: "i32" });
  const wide = new WideVectors(f, target);
  const sums = wide.locals(SUMS), factor = wide.local(), round = f.i32(), place = f.i32();
  f.set(place, i32.add(f.parameters.thread, PLACE));
  wide.set(factor, wide.load(place));
  sums.forEach((sum, i) => wide.set(sum, wide.load(place, i * wide.bytes)));
  f.loopAtLeastOnce(round, 0, ROUNDS, 1, () => {
    for (const sum of sums) wide.set(sum, wide.madd(factor, sum, factor));
  });
  sums.forEach((sum, i) => wide.store(place, sum, 4096 + i * wide.bytes));
  module.export(f);
  const plan = { totalBytes: PAGE_BYTES, variableBytes: 0, temporaryBytes: 0, fits: true };
  const memory = allocateMemory(plan, 1, form !== "wasm");
  const machine = await Machine.start(module.build(), { form, memory, threads: 1, control: 0 });
  let best = Infinity;
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    machine.pool.runAlone("run");
    best = Math.min(best, performance.now() - start);
  }
  machine.dispose();
  return 2 * SUMS * wide.lanes * ROUNDS / best / 1e6;
}
