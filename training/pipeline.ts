/**
 * Executions whose results arrive late. Some backends accept work faster than they complete it and
 * return several results at a time, so a loop that waited for each execution would leave them idle.
 */
import type { Backend } from "../backends/backend.ts";
import { warnRenamed } from "../schema/former_names.ts";

/** Milliseconds of work that may be in flight: how long an interruption may have to wait. */
const MAX_LATENCY = 500;

/** What decides how many executions a backend has in flight. */
export type InFlightLimit = Pick<Backend, "runsInFlight" | "runsPerReadback">;

/** Pending results, taken in the order in which they were added. */
export class Pipeline<T> {
  readonly #maxInFlight: number;
  readonly #pending: Promise<T>[] = [];
  #start = performance.now();
  #taken = 0;
  /** The time since nothing has been in flight. */
  #running = 0;
  #idleSince = this.#start;
  #starved = 0;

  constructor(backend: InFlightLimit) {
    this.#maxInFlight = runsInFlightOf(backend);
  }

  /** Adds the result of a started execution. */
  add(result: Promise<T>): void {
    this.#running++;
    const end = () => {
      if (--this.#running === 0) this.#idleSince = performance.now();
    };
    // Awaited later; until then a failure is not an unhandled one.
    result.then(end, end);
    if (this.size === 0) {
      // Time with nothing in flight says nothing about the executions.
      this.#start = performance.now();
      this.#taken = 0;
    }
    this.#pending.push(result);
  }

  /** Passes items on and measures the time with nothing in flight because no item was ready. */
  async *fed<I>(items: AsyncIterable<I>): AsyncGenerator<I, void, void> {
    let asked = performance.now();
    for await (const item of items) {
      if (this.#running === 0) {
        this.#starved += performance.now() - Math.max(asked, this.#idleSince);
      }
      yield item;
      asked = performance.now();
    }
  }

  /** Total milliseconds with nothing in flight because no item was ready. */
  get starved(): number {
    return this.#starved;
  }

  /** Executions in flight. */
  get size(): number {
    return this.#pending.length;
  }

  /** Whether a result should be taken before another execution starts. */
  get isFull(): boolean {
    return this.size >= this.#capacity;
  }

  /** The oldest result. Rejects as its execution does. */
  async take(): Promise<T> {
    const result = this.#pending.shift();
    if (!result) throw new Error("nothing is under way");
    const found = await result;
    this.#taken++;
    return found;
  }

  /**
   * Number of executions that fit into the latency, by their average time since nothing was in
   * flight.
   */
  get #capacity(): number {
    if (this.#taken === 0) return 2;
    const milliseconds = (performance.now() - this.#start) / this.#taken;
    return Math.max(2, Math.min(this.#maxInFlight, Math.floor(MAX_LATENCY / milliseconds)));
  }
}

/**
 * The results of `run` on each item, in order, with several in flight. `run` must not use the item
 * after it returns.
 */
export async function* pipelined<I, O>(
  items: AsyncIterable<I>,
  backend: InFlightLimit,
  run: (item: I) => Promise<O>,
): AsyncGenerator<O, void, void> {
  const pipeline = new Pipeline<O>(backend);
  for await (const item of items) {
    pipeline.add(run(item));
    if (pipeline.isFull) yield await pipeline.take();
  }
  while (pipeline.size > 0) yield await pipeline.take();
}

/** Most executions to keep in flight, also for a backend written for a former version. */
function runsInFlightOf({ runsInFlight, runsPerReadback = 1 }: InFlightLimit): number {
  if (runsInFlight !== undefined) return runsInFlight;
  warnRenamed("Backend.runsPerReadback", "Backend.runsInFlight, of twice the value");
  return 2 * runsPerReadback;
}
