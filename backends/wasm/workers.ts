/**
 * The workers of a thread pool, and the control block in shared memory that controls them.
 *
 * Deno never ends a process whose web worker is blocked in a wait, not even after `terminate()`. So
 * where `node:worker_threads` exists (Deno, Node) the workers come from there, are unreferenced,
 * and then do not keep the process alive even while blocked, whether or not the pool was disposed
 * of; elsewhere (browsers) they are web workers, which end with the page. A stop command makes a
 * worker of either kind leave its loop and close itself.
 */

/** Bytes of the control block that a pool and its barrier share; the block must start zeroed. */
export const CONTROL_BYTES = 1024;

/** Byte offsets in the control block. Words that threads wait for are 64 bytes apart. */
export const OFFSET = {
  /** Number of the latest command; workers wait for it to change. */
  commandNumber: 0,
  /** The latest command: an index into the programs, or {@link STOP}. */
  command: 4,
  /** Workers that have finished the latest command. */
  finished: 64,
  /** Threads that have reached the barrier. */
  arrived: 128,
  /** Chunks taken of each chain of images since the barrier last opened, a word each. */
  taken: 132,
  /** How often the barrier has opened; threads at the barrier wait for it to change. */
  opened: 192,
  /** How often the spin at the barrier is halved; not atomic, since any thread's value will do. */
  halvings: 196,
  /** 1 if a thread has failed. */
  failed: 256,
  /** Which thread failed first, the bytes of its message, and the message. */
  failedThread: 260,
  failureLength: 264,
  failureText: 268,
} as const;

/** Chains per stage whose chunks are counted; images of further ones are partitioned statically. */
export const MAX_COUNTED_CHAINS = 15;

/** The command that makes a worker end. */
export const STOP = -1;

/** A function run by every thread. */
export type Program = (thread: number) => void;

/** Machine code of a module's exported functions, in a form that can be sent to a worker. */
export interface NativePrograms {
  /** Address of the memory's first byte. */
  readonly base: bigint;
  /** Names and addresses of functions `u32 f(base, u32 thread)`, which return 0, or 1 if they trap. */
  readonly entries: readonly (readonly [name: string, address: bigint])[];
}

/** The programs of a pool: a module that imports nothing but `env.memory`, or its machine code. */
export type ProgramCode =
  | { readonly module: WebAssembly.Module; readonly native?: undefined }
  | { readonly native: NativePrograms };

/** What a worker needs. It runs from its own source text, so constants are passed along. */
export interface WorkerSetup {
  readonly code: ProgramCode;
  readonly memory: WebAssembly.Memory;
  readonly control: number;
  readonly controlBytes: number;
  readonly offset: typeof OFFSET;
  readonly stop: typeof STOP;
  readonly spins: number;
  readonly thread: number;
}

/**
 * The programs by name, always in the same order. Workers receive this function's source text: it
 * may use nothing from outside.
 *
 * @throws {WebAssembly.LinkError} if the module does not fit the memory.
 */
export function programsOf(code: ProgramCode, memory: WebAssembly.Memory): [string, Program][] {
  if (code.native === undefined) {
    const { exports } = new WebAssembly.Instance(code.module, { env: { memory } });
    return Object.entries(exports) as [string, Program][];
  }
  const { base, entries } = code.native;
  return entries.map(([name, address]) => {
    const pointer = Deno.UnsafePointer.create(address) as Deno.PointerObject<never>;
    const native = new Deno.UnsafeFnPointer(
      pointer,
      { parameters: ["usize", "u32"], result: "u32" } as const,
    );
    return [name, (thread) => {
      if (native.call(base, thread) !== 0) throw new WebAssembly.RuntimeError("unreachable");
    }];
  });
}

/** A worker's main loop. Workers receive its source text: it may use nothing from outside. */
function workerMain(setup: WorkerSetup, load: typeof programsOf, ready: () => void): void {
  const { code, memory, control, controlBytes, offset, stop, spins, thread } = setup;
  const words = new Int32Array(memory.buffer, control, controlBytes / 4);
  const bytes = new Uint8Array(memory.buffer, control, controlBytes);
  const programs = load(code, memory).map(([, program]) => program);
  const commandNumber = offset.commandNumber / 4;

  const fail = (error: unknown) => {
    if (Atomics.compareExchange(words, offset.failed / 4, 0, 1) === 0) {
      const text = new TextEncoder().encode(String(error))
        .subarray(0, controlBytes - offset.failureText);
      bytes.set(text, offset.failureText);
      Atomics.store(words, offset.failureLength / 4, text.length);
      Atomics.store(words, offset.failedThread / 4, thread);
    }
    Atomics.notify(words, offset.opened / 4);
  };

  let seen = Atomics.load(words, commandNumber);
  ready();
  for (;;) {
    for (let i = 0; i < spins && Atomics.load(words, commandNumber) === seen; i++);
    Atomics.wait(words, commandNumber, seen);
    const latest = Atomics.load(words, commandNumber);
    if (latest === seen) continue;
    seen = latest;
    const command = Atomics.load(words, offset.command / 4);
    if (command === stop) return;
    try {
      programs[command](thread);
    } catch (error) {
      fail(error);
    }
    Atomics.add(words, offset.finished / 4, 1);
    Atomics.notify(words, offset.finished / 4);
  }
}

/** The part of `node:worker_threads` used here. */
interface NodeWorkerThreads {
  Worker: new (source: string, options: { eval: true; workerData: WorkerSetup }) => {
    once(event: "message" | "error", listener: (value: unknown) => void): void;
    unref(): void;
  };
}

/**
 * Starts a worker; resolves once it waits for commands.
 *
 * @throws {Error} if it cannot load the programs.
 */
export function startWorker(setup: WorkerSetup): Promise<void> {
  const { process } = globalThis as {
    process?: { getBuiltinModule?(name: string): NodeWorkerThreads | undefined };
  };
  const node = process?.getBuiltinModule?.("node:worker_threads");
  return node ? startNodeWorker(node, setup) : startWebWorker(setup);
}

function startNodeWorker(node: NodeWorkerThreads, setup: WorkerSetup): Promise<void> {
  const source = `const { parentPort, workerData } = require("node:worker_threads");
(${workerMain})(workerData, ${programsOf}, () => parentPort.postMessage("ready"));`;
  return new Promise((resolve, reject) => {
    const worker = new node.Worker(source, { eval: true, workerData: setup });
    worker.once("error", reject);
    worker.once("message", () => {
      worker.unref();
      resolve();
    });
  });
}

function startWebWorker(setup: WorkerSetup): Promise<void> {
  const source = `onmessage = ({ data }) => {
  (${workerMain})(data, ${programsOf}, () => postMessage("ready"));
  close();
};`;
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const started = new Promise<void>((resolve, reject) => {
    const worker = new Worker(url, { type: "module" });
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    worker.onmessage = () => resolve();
    worker.postMessage(setup);
  });
  return started.finally(() => URL.revokeObjectURL(url));
}
