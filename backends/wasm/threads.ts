/**
 * Threads that execute one WebAssembly module together, or machine code translated from it (single
 * program, multiple data).
 *
 * The calling thread is thread 0; the others are workers, which load the same programs on the same
 * memory and then stay in a loop of their own: wait for a command in shared memory, run a program
 * with their thread number, report, repeat. Nothing goes through the event loop, so
 * {@link ThreadPool.run} is synchronous and takes about a microsecond. Inside a program the threads
 * meet at a barrier that {@link emitBarrier} writes into the module.
 *
 * Waiting, here and at the barrier, is a bounded spin and then a sleep on a futex. If a thread
 * traps, it sets a flag that threads sleeping at a barrier check every 50 ms; they then trap as
 * well, so that none waits for a thread that will not come.
 */

import {
  atomic,
  type FunctionBuilder,
  i32,
  memory,
  type ModuleBuilder,
} from "../../assembler/mod.ts";
import {
  CONTROL_BYTES,
  MAX_COUNTED_CHAINS,
  OFFSET,
  type Program,
  type ProgramCode,
  programsOf,
  startWorker,
  STOP,
  type WorkerSetup,
} from "./workers.ts";

export { CONTROL_BYTES };

/** How long to sleep before checking whether another thread has failed, in milliseconds. */
const WAIT_SLICE = 50;

/**
 * How often a waiting thread checks before it sleeps. WebAssembly checks once per cycle, for about
 * 0.3 ms: as long as threads wait for each other between the layers of a large network, and longer
 * than waking takes, which is slow in a virtual machine whose host gives a sleeping core to other
 * guests. JavaScript checks far less often. Measured as {@link MAX_HALVINGS}.
 */
const SPINS = { webAssembly: 1_000_000, javaScript: 10_000 };

/**
 * Where other programs keep the cores busy, spinning only keeps the awaited thread from running. So
 * each spin at the barrier that fails halves the next ones, up to a maximum, until one succeeds.
 * Short ones rarely do; so that a thread does not sleep at every barrier forever, one in a few has
 * full length regardless.
 *
 * Measured with `deno task bench CONFIG --inference` of resnet50, one image, 2 threads: 38.7
 * images/s, 35.0 with spins of 0.04 ms; 16.1 and 17.3 next to a program that keeps one of two cores
 * busy, where spins of 0.3 ms that never get shorter give 12.7.
 */
const MAX_HALVINGS = 9, FULL_SPIN_EVERY = 16;

/** With more threads than cores, spinning only keeps the awaited thread from running. */
function spinLimit(
  language: keyof typeof SPINS,
  threads: number,
  cores = navigator.hardwareConcurrency,
): number {
  return threads > cores ? 0 : SPINS[language];
}

/** A barrier, as functions of a module. */
export interface Barrier {
  /**
   * Called by every thread. Returns 1 at once to the thread that arrives last, and 0 to the others
   * when that one has called {@link open}. Traps if another thread has failed and so will not
   * arrive.
   */
  readonly arrive: FunctionBuilder<Record<never, never>, "i32">;
  /** Called by the thread that arrived last, after the work that it does while the others wait. */
  readonly open: FunctionBuilder<Record<never, never>, "void">;
  /** Address of words in which threads count; zeroed when the barrier opens, if it resets them. */
  readonly taken: number;
}

/**
 * Writes a barrier into a module.
 *
 * @param module The module whose functions call it.
 * @param control Address of the control block, also passed to {@link ThreadPool.start}; a multiple
 * of 64.
 * @param threads Number of threads that meet; one is always the last.
 * @param options.resets Whether opening it sets the words at {@link Barrier.taken} to zero. Default
 * false.
 * @param options.cores Cores the threads have. Default: this machine's.
 */
export function emitBarrier(
  module: ModuleBuilder,
  control: number,
  threads: number,
  { resets = false, cores }: { readonly resets?: boolean; readonly cores?: number } = {},
): Barrier {
  const taken = control + OFFSET.taken;
  const f = module.function("arrive", {}, "i32"), g = module.function("open", {});
  if (threads === 1) {
    f.return(1);
    return { arrive: f, open: g, taken };
  }
  const opened = control + OFFSET.opened, arrived = control + OFFSET.arrived;
  const before = f.i32(), spins = f.i32(), limit = f.i32(), halvings = f.i32();
  const closed = i32.eq(atomic.load(opened), before);

  f.set(before, atomic.load(opened));
  f.if(i32.eq(atomic.add(arrived, 1), threads - 1), () => f.return(1));
  f.set(halvings, i32.load(control, OFFSET.halvings));
  f.set(limit, spinLimit("webAssembly", threads, cores));
  f.if(
    i32.and(before, FULL_SPIN_EVERY - 1),
    () => f.set(limit, i32.shrU(limit, halvings)),
  );
  f.loop(spins, 0, limit, 1, () => {
    f.if(i32.eqz(closed), () => {
      f.if(halvings, () => f.emit(i32.store(control, 0, OFFSET.halvings)));
      f.return(0);
    });
  });
  f.if(
    i32.ltU(halvings, MAX_HALVINGS),
    () => f.emit(i32.store(control, i32.add(halvings, 1), OFFSET.halvings)),
  );
  f.while(closed, () => {
    f.if(atomic.load(control + OFFSET.failed), () => f.unreachable());
    f.drop(atomic.wait(opened, before, BigInt(WAIT_SLICE) * 1_000_000n));
  });
  f.return(0);

  if (resets) g.emit(memory.fill(taken, 0, 4 * MAX_COUNTED_CHAINS));
  g.emit(atomic.store(arrived, 0));
  g.drop(atomic.add(opened, 1));
  g.drop(atomic.notify(opened, threads));
  return { arrive: f, open: g, taken };
}

export interface ThreadPoolOptions {
  /** The programs. Machine code must stay mapped until the pool has been disposed of. */
  readonly code: ProgramCode;
  /** The memory, shared if there are several threads. */
  readonly memory: WebAssembly.Memory;
  /** Number of threads, the calling one included. */
  readonly threads: number;
  /** Address of {@link CONTROL_BYTES} zeroed bytes in the memory; a multiple of 64. */
  readonly control: number;
}

/** A fixed number of threads that run programs together. */
export class ThreadPool {
  /** Number of threads, the calling one included. */
  readonly threads: number;
  readonly #programs: readonly Program[];
  readonly #programIndex: ReadonlyMap<string, number>;
  readonly #words: Int32Array;
  readonly #text: Uint8Array;
  readonly #spins: number;
  #disposed = false;

  private constructor({ code, memory, threads, control }: ThreadPoolOptions) {
    const programs = programsOf(code, memory);
    this.threads = threads;
    this.#programs = programs.map(([, program]) => program);
    this.#programIndex = new Map(programs.map(([name], index) => [name, index]));
    this.#words = new Int32Array(memory.buffer, control, CONTROL_BYTES / 4);
    this.#text = new Uint8Array(memory.buffer, control, CONTROL_BYTES);
    this.#spins = spinLimit("javaScript", threads);
  }

  /**
   * Starts a pool; resolves once every thread is ready.
   *
   * @throws {WebAssembly.LinkError} if the module does not fit the memory.
   * @throws {Error} if a worker cannot start.
   */
  static async start(options: ThreadPoolOptions): Promise<ThreadPool> {
    const pool = new ThreadPool(options);
    const { code, memory, threads, control } = options;
    const setups = Array.from({ length: threads - 1 }, (_, i): WorkerSetup => ({
      code,
      memory,
      control,
      controlBytes: CONTROL_BYTES,
      offset: OFFSET,
      stop: STOP,
      spins: pool.#spins,
      thread: i + 1,
    }));
    const starts = await Promise.allSettled(setups.map(startWorker));
    const failure = starts.find((start) => start.status === "rejected");
    if (failure) {
      pool.dispose();
      throw new Error("a worker thread could not start", { cause: failure.reason });
    }
    return pool;
  }

  /**
   * Runs a program on the calling thread only, as thread 0.
   *
   * @throws {WebAssembly.RuntimeError} if it traps.
   */
  runAlone(program: string): void {
    this.#programs[this.#indexOf(program)](0);
  }

  /**
   * Runs a program on every thread, with the thread's number as its argument, and returns when all
   * have finished. The calling thread blocks meanwhile, which a browser allows only outside its
   * main thread.
   *
   * A failed run leaves the pool usable.
   *
   * @throws {Error} if a thread traps: the error of the first that did; it names the thread.
   */
  run(program: string): void {
    const index = this.#indexOf(program);
    this.#command(index);
    let error: unknown;
    try {
      this.#programs[index](0);
    } catch (thrown) {
      error = thrown;
      this.#fail();
    }
    this.#awaitWorkers();
    if (this.#word(OFFSET.failed) !== 0) throw this.#takeFailure(program, error);
  }

  /** Ends the workers. The pool cannot be used afterwards. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#command(STOP);
  }

  /** {@link dispose}, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #indexOf(program: string): number {
    const index = this.#programIndex.get(program);
    if (index === undefined) throw new Error(`there is no program ${program}`);
    if (this.#disposed) throw new Error("the thread pool has been disposed of");
    return index;
  }

  #word(offset: number): number {
    return Atomics.load(this.#words, offset / 4);
  }

  #command(command: number): void {
    Atomics.store(this.#words, OFFSET.finished / 4, 0);
    Atomics.store(this.#words, OFFSET.command / 4, command);
    Atomics.add(this.#words, OFFSET.commandNumber / 4, 1);
    Atomics.notify(this.#words, OFFSET.commandNumber / 4);
  }

  #awaitWorkers(): void {
    const all = this.threads - 1;
    for (let i = 0; i < this.#spins; i++) {
      if (this.#word(OFFSET.finished) === all) return;
    }
    for (;;) {
      const finished = this.#word(OFFSET.finished);
      if (finished === all) return;
      Atomics.wait(this.#words, OFFSET.finished / 4, finished);
    }
  }

  /** Notifies the other threads that this one has failed. */
  #fail(): void {
    const failed = OFFSET.failed / 4;
    if (Atomics.compareExchange(this.#words, failed, 0, 1) === 0) {
      Atomics.store(this.#words, OFFSET.failedThread / 4, 0);
    }
    Atomics.notify(this.#words, OFFSET.opened / 4);
  }

  /** The error of the first thread that failed; makes the pool ready for the next run. */
  #takeFailure(program: string, ownError: unknown): Error {
    const thread = this.#word(OFFSET.failedThread);
    const length = this.#word(OFFSET.failureLength);
    const text = this.#text.slice(OFFSET.failureText, OFFSET.failureText + length);
    const message = thread === 0 ? String(ownError) : new TextDecoder().decode(text);
    Atomics.store(this.#words, OFFSET.arrived / 4, 0);
    this.#words.fill(0, OFFSET.taken / 4, OFFSET.taken / 4 + MAX_COUNTED_CHAINS);
    Atomics.store(this.#words, OFFSET.failed / 4, 0);
    return new Error(`thread ${thread} failed in ${program}: ${message}`, {
      cause: thread === 0 ? ownError : undefined,
    });
  }
}
