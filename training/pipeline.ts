/**
 * Runs whose results come late. Some backends take work in faster than they do it and hand results
 * back several at a time, so a loop that waited for each run would leave them idle.
 */
import type { Backend } from "../backends/backend.ts";
import { warnRenamed } from "../schema/former_names.ts";

/** Milliseconds of work that may be under way: what an interruption has to wait for. */
const MAX_LATENCY = 500;

/** What decides how many runs of a backend are under way. */
export type InFlightLimit = Pick<Backend, "runsInFlight" | "runsPerReadback">;

/** Results on their way, to be taken in the order in which they were added. */
export class Pipeline<T> {
  readonly #maxInFlight: number;
  readonly #pending: Promise<T>[] = [];
  #start = performance.now();
  #taken = 0;
  /** Runs whose results are not there, and since when there have been none. */
  #running = 0;
  #idleSince = this.#start;
  #starved = 0;

  constructor(backend: InFlightLimit) {
    this.#maxInFlight = runsInFlightOf(backend);
  }

  /** Takes in the result of a run that has been started. */
  add(result: Promise<T>): void {
    this.#running++;
    const end = () => {
      if (--this.#running === 0) this.#idleSince = performance.now();
    };
    // Awaited later; until then a failure is not an unhandled one.
    result.then(end, end);
    if (this.size === 0) {
      // What went on while nothing was under way says nothing about the runs.
      this.#start = performance.now();
      this.#taken = 0;
    }
    this.#pending.push(result);
  }

  /** Items for runs, as they come. How long nothing was under way for want of one is noted. */
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

  /** Milliseconds, so far, in which nothing was under way because no item was there. */
  get starved(): number {
    return this.#starved;
  }

  /** Runs under way. */
  get size(): number {
    return this.#pending.length;
  }

  /** Whether a result should be taken before another run is started. */
  get isFull(): boolean {
    return this.size >= this.#capacity;
  }

  /** The oldest result. Rejects as its run does. */
  async take(): Promise<T> {
    const result = this.#pending.shift();
    if (!result) throw new Error("nothing is under way");
    const found = await result;
    this.#taken++;
    return found;
  }

  /** As many runs as fit into the latency, by the time they took since nothing was under way. */
  get #capacity(): number {
    if (this.#taken === 0) return 2;
    const milliseconds = (performance.now() - this.#start) / this.#taken;
    return Math.max(2, Math.min(this.#maxInFlight, Math.floor(MAX_LATENCY / milliseconds)));
  }
}

/**
 * The results of `run` on each item, in order, several of them under way at once. `run` must be done
 * with the item when it returns.
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

/** Most runs to keep under way, also of a backend that was written for a former version. */
function runsInFlightOf({ runsInFlight, runsPerReadback = 1 }: InFlightLimit): number {
  if (runsInFlight !== undefined) return runsInFlight;
  warnRenamed("Backend.runsPerReadback", "Backend.runsInFlight, of twice the value");
  return 2 * runsPerReadback;
}
