/**
 * Batches prepared off the training thread.
 *
 * A worker fills a small ring of shared-memory slots ahead of the training loop, so the next batch is
 * normally there when it is asked for. What a batch holds does not depend on the worker: without one
 * (not allowed, or not wanted) the same batches are filled on demand.
 */
import { InputError } from "../errors.ts";
import {
  type Augmentation,
  type BatchArrays,
  BatchFiller,
  type BatchPlan,
  emptyBatch,
} from "./batch.ts";
import { imageSize, type Split } from "./dataset.ts";

/** Options of {@link BatchLoader}. */
export interface LoaderOptions {
  readonly batchSize: number;
  /** Seed of the order and the augmentation. Default 0. */
  readonly seed?: number;
  /** Whether every epoch has an order of its own. Default false: the split's order. */
  readonly shuffle?: boolean;
  /** Whether images that do not fill a batch are left out. Default false: the batch is padded. */
  readonly dropLast?: boolean;
  /** Default none: padding 0, no flip. */
  readonly augmentation?: Augmentation;
  /** Whether a worker prepares the batches. Default true. */
  readonly worker?: boolean;
}

/** A batch of images; its arrays are reused once the next one is asked for. */
export interface Batch extends BatchArrays {
  /** Its place in the epoch, from 0. */
  readonly index: number;
  /** Images in it: batchSize, or fewer in the last batch. The rows beyond have the label -1. */
  readonly count: number;
}

/** What the worker is told first. */
export interface WorkerSetup {
  readonly split: Split;
  readonly plan: BatchPlan;
  readonly slots: readonly BatchArrays[];
}

/** What the worker is told to fill; it answers with the ticket. */
export interface WorkerJob {
  readonly ticket: number;
  readonly slot: number;
  readonly epoch: number;
  readonly index: number;
}

/** One slot in use by the training loop, the others filled or being filled. */
const SLOTS = 4;

interface Pending {
  readonly job: WorkerJob;
  readonly done: PromiseWithResolvers<void>;
}

/**
 * Serves a split in batches, epoch by epoch. Call {@link BatchLoader.close} (or declare it with
 * `using`) when done: until then its worker keeps the process alive.
 * Throws InputError if the batch size or the padding is no whole number in range, or if `dropLast`
 * would leave no batch.
 */
export class BatchLoader {
  /** Batches in an epoch. */
  readonly batchCount: number;
  readonly #split: Split;
  readonly #plan: BatchPlan;
  readonly #slots: BatchArrays[];
  readonly #filler: BatchFiller;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #lastTicket = 0;
  #serving = false;

  constructor(split: Split, options: LoaderOptions) {
    const { batchSize, seed = 0, shuffle = false, dropLast = false, worker = true } = options;
    const { augmentation = { padding: 0, flip: false } } = options;
    if (!Number.isInteger(augmentation.padding) || augmentation.padding < 0) {
      throw new InputError(
        `augmentation: padding is ${augmentation.padding}; expected a whole number from 0 on`,
      );
    }
    this.batchCount = countBatches(split, batchSize, dropLast);
    this.#split = split;
    this.#plan = { batchSize, seed, shuffle, augmentation };
    this.#filler = new BatchFiller(split, this.#plan);
    this.#slots = Array.from(
      { length: SLOTS },
      () => emptyBatch(batchSize, imageSize(split.imageShape)),
    );
    if (worker) this.#startWorker();
  }

  /**
   * The batches of an epoch from `startBatch` on, in order. A batch's arrays may be overwritten as
   * soon as the next one is asked for. One epoch at a time can be served.
   */
  async *epoch(epoch: number, startBatch = 0): AsyncGenerator<Batch, void, void> {
    if (this.#serving) throw new Error("another epoch of this loader is still being served");
    this.#serving = true;
    try {
      const ready: Promise<void>[] = [];
      for (let index = startBatch; index < this.batchCount; index++) {
        const ahead = Math.min(this.batchCount, index + (this.#worker ? SLOTS : 1));
        while (startBatch + ready.length < ahead) {
          ready.push(this.#prepare(epoch, startBatch + ready.length));
        }
        await ready[index - startBatch];
        const { batchSize } = this.#plan;
        const count = Math.min(batchSize, this.#split.count - index * batchSize);
        yield { ...this.#slots[index % SLOTS], index, count };
      }
    } finally {
      this.#serving = false;
    }
  }

  /** Ends the worker. The loader can be used afterwards, without one. */
  close(): void {
    this.#worker?.terminate();
    this.#continueWithoutWorker();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Resolves when the batch is in its slot. */
  #prepare(epoch: number, index: number): Promise<void> {
    const job = { ticket: ++this.#lastTicket, slot: index % SLOTS, epoch, index };
    const done = Promise.withResolvers<void>();
    // A loop that is left early never waits for the batches ahead of it.
    done.promise.catch(() => {});
    this.#pending.set(job.ticket, { job, done });
    if (this.#worker) this.#worker.postMessage(job);
    else this.#fillHere();
    return done.promise;
  }

  #startWorker(): void {
    const source = new URL("./loader_worker.ts", import.meta.url);
    // Asked beforehand, because Deno prints the failure of a worker that it may not read.
    if (source.protocol === "file:" && !mayRead(source)) return;
    this.#worker = new Worker(source, { type: "module" });
    this.#worker.onmessage = ({ data: ticket }: MessageEvent<number>) => {
      this.#pending.get(ticket)?.done.resolve();
      this.#pending.delete(ticket);
    };
    // Most likely its file cannot be imported; what is wrong with the data fails here, too.
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#continueWithoutWorker();
    };
    const setup: WorkerSetup = { split: this.#split, plan: this.#plan, slots: this.#slots };
    this.#worker.postMessage(setup);
  }

  #continueWithoutWorker(): void {
    this.#worker = undefined;
    this.#fillHere();
  }

  #fillHere(): void {
    for (const { job, done } of this.#pending.values()) {
      try {
        this.#filler.fill(this.#slots[job.slot], job.epoch, job.index);
        done.resolve();
      } catch (error) {
        done.reject(error);
      }
    }
    this.#pending.clear();
  }
}

function mayRead(path: URL): boolean {
  return Deno.permissions.querySync({ name: "read", path }).state === "granted";
}

/**
 * Batches in an epoch. Throws InputError where there is none, as the only one would not be full and
 * is dropped.
 */
export function countBatches({ count }: Split, batchSize: number, dropLast: boolean): number {
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new InputError(`batchSize is ${batchSize}; expected a whole number from 1 on`);
  }
  const batches = (dropLast ? Math.floor : Math.ceil)(count / batchSize);
  if (batches > 0) return batches;
  throw new InputError(
    `batchSize is ${batchSize}, but there are only ${count} images and the last batch, unless ` +
      "full, is dropped; choose a smaller batch",
  );
}
