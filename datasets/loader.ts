/**
 * Batches prepared off the training thread.
 *
 * Workers fill a ring of shared-memory slots ahead of the training loop, so the next batch is
 * normally there when it is asked for. What a batch holds does not depend on how many there are:
 * without any (not allowed, or not wanted) the same batches are filled on demand.
 */
import { InputError, within } from "../errors.ts";
import { parseOwnOptions, z } from "../schema/entry.ts";
import { type AugmentationChoice, planAugmentation } from "./augmentations/registry.ts";
import {
  type BatchArrays,
  BatchFiller,
  type BatchMixing,
  type BatchPlan,
  emptyBatch,
} from "./batch.ts";
import type { ImageSource } from "./image_source.ts";
import { type MixingOptions, parseMixing } from "./mixing/options.ts";
import { labelsOf, type Sampling } from "./sampling.ts";
import { threadsAndSlots } from "./loader_threads.ts";
import { type BatchJob, LoaderWorkers } from "./loader_workers.ts";

/** Options of {@link BatchLoader}. */
export interface LoaderOptions {
  readonly batchSize: number;
  /** Seed of the order and the augmentation. Default 0. */
  readonly seed?: number;
  /** Whether every epoch has an order of its own. Default false: the source's order. */
  readonly shuffle?: boolean;
  /** How the images of an epoch are chosen where it has an order of its own. Default `shuffled`. */
  readonly sampling?: Sampling;
  /** Whether images that do not fill a batch are left out. Default false: the batch is padded. */
  readonly dropLast?: boolean;
  /** Batches that belong together: `dropLast` leaves out those of the last few, too. Default 1. */
  readonly groupSize?: number;
  /** Which of the batches are served. Default: all. */
  readonly turn?: Turn;
  /** Random changes of the images. Default: none, and no `transforms` in the batches. */
  readonly augmentation?: readonly AugmentationChoice[];
  /** How images of a batch are mixed, of `classes` classes. Default: not at all. */
  readonly mixing?: { readonly options: MixingOptions; readonly classes: number };
  /**
   * How often an image that is in an epoch stands in it, in a row, each time changed otherwise. An
   * epoch is as long as without, so it has fewer of them. Default 1.
   */
  readonly augRepeats?: number;
  /**
   * Threads that prepare batches; 0 prepares them on demand. Default `auto`: one, for images that
   * are decoded all cores but one.
   */
  readonly workers?: number | "auto";
  /** Processes that share the cores of this machine, each with a loader. Default 1. */
  readonly processes?: number;
}

/** Whose batches a loader serves, where several share an epoch's: they take turns. */
interface Turn {
  /** Which of them this one is, from 0. */
  readonly index: number;
  /** How many there are. */
  readonly of: number;
  /** Batches in a row that are one's before it is the next one's turn. */
  readonly batches: number;
}

const count = z.int().min(0);

/** `sampling` of what trains. */
export const samplingSchema = z.enum(["shuffled", "balanced"]).default("shuffled").describe(
  "shuffled: an epoch shows every image; balanced: the same number of every class, as many images in total",
);

/** What the options must be; augmentations have their own check. */
const OPTIONS = {
  about: "How images are served in batches",
  schema: z.object({
    batchSize: z.int().min(1),
    seed: z.int().min(0).max(2 ** 32 - 1).default(0),
    shuffle: z.boolean().default(false),
    sampling: samplingSchema,
    dropLast: z.boolean().default(false),
    groupSize: z.int().min(1).default(1),
    augRepeats: z.int().min(1).max(64).default(1),
    workers: z.union([z.literal("auto"), count]).default("auto"),
  }),
};

const PLACE = {
  about: "Where a training is in its batches",
  schema: z.object({ epoch: count, startBatch: count }),
};

/** A batch of images; its arrays are reused once the next one is asked for. */
export interface Batch {
  /** Its place in the epoch, from 0. */
  readonly index: number;
  /** Images in it: batchSize, or fewer in the last batch. The rows beyond hold filling. */
  readonly count: number;
  readonly arrays: BatchArrays;
}

/**
 * Serves images in batches, epoch by epoch. Call {@link BatchLoader.close} (or declare it with
 * `using`) when done: until then its workers keep the process alive.
 * Throws InputError if the batch size or the number of workers is no whole number in range, for
 * augmentations that do not fit, if `dropLast` would leave no batch, or for images without classes
 * that are to be balanced.
 */
export class BatchLoader {
  /** Batches in an epoch, those included that others serve. */
  readonly batchCount: number;
  readonly #turn: Turn;
  readonly #source: ImageSource;
  readonly #plan: BatchPlan;
  readonly #filler: BatchFiller;
  #slots: BatchArrays[];
  #workers: LoaderWorkers | undefined;
  /** The epoch that is being served. */
  #serving: symbol | undefined;
  /** Batches of an epoch that was left early; their slots are not free yet. */
  #stale: Promise<unknown>[] = [];

  constructor(source: ImageSource, options: LoaderOptions) {
    const { dropLast, groupSize, workers, ...plan } = parseOwnOptions(OPTIONS, options);
    const { batchSize } = plan;
    this.batchCount = countBatches(source, { batchSize, dropLast, groupSize });
    const { augmentation, mixing, processes, turn = { index: 0, of: 1, batches: 1 } } = options;
    this.#turn = turn;
    const { host, transform } = within(
      ["augmentation"],
      () => planAugmentation(augmentation === undefined ? [] : augmentation),
    );
    if (plan.sampling === "balanced") labelsOf(source.targets);
    this.#source = source;
    this.#plan = {
      ...plan,
      ...(augmentation ? { transform } : {}),
      ...(mixing ? { mixing: within(["mixing"], () => parsedMixing(mixing)) } : {}),
    };
    this.#filler = new BatchFiller(source, this.#plan, host);
    const { helpers, slots } = threadsAndSlots(source, workers, this.batchCount, processes);
    this.#slots = emptySlots(slots, source, this.#plan);
    if (!source.handle) return;
    this.#workers = LoaderWorkers.start(
      {
        source: source.handle,
        plan: this.#plan,
        augmentation: augmentation?.slice(0, host.length) ?? [],
        slots: this.#slots,
      },
      helpers,
      { reads: source.reads, keep: source.keep?.bind(source) },
    );
  }

  /**
   * The batches of an epoch from `startBatch` on, in order. A batch's arrays may be overwritten as
   * soon as the next one is asked for. One epoch at a time can be served.
   * Throws InputError for an image that cannot be read and for numbers that are none from 0 on,
   * RunError if a worker ends.
   */
  async *epoch(epoch: number, startBatch = 0): AsyncGenerator<Batch, void, void> {
    parseOwnOptions(PLACE, { epoch, startBatch });
    if (this.#serving) throw new Error("another epoch of this loader is still being served");
    const serving = this.#serving = Symbol();
    const ahead: Promise<BatchArrays>[] = [];
    const own = this.#ownFrom(startBatch);
    let next = 0;
    try {
      await Promise.allSettled(this.#stale);
      const { batchSize } = this.#plan;
      for (const [place, index] of own.entries()) {
        const end = Math.min(own.length, place + (this.#workers ? this.#slots.length : 1));
        for (; next < end; next++) {
          ahead.push(
            this.#prepare(serving, { slot: next % this.#slots.length, epoch, index: own[next] }),
          );
        }
        const arrays = await ahead.shift()!;
        yield { index, count: Math.min(batchSize, this.#source.count - index * batchSize), arrays };
      }
    } finally {
      this.#stale = ahead;
      this.#serving = undefined;
    }
  }

  /** Why images could not be read that have others in their place, so far. */
  get complaints(): readonly string[] {
    return this.#source.complaints?.() ?? [];
  }

  /** Ends the workers. The loader can be used afterwards, without them. */
  close(): void {
    // A worker that is being ended may still write to the slots it knows.
    if (this.#workers) this.#slots = emptySlots(this.#slots.length, this.#source, this.#plan);
    this.#workers?.close();
    this.#workers = undefined;
    this.#source.release?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The batches from `first` on that are served, by their places in the epoch. */
  #ownFrom(first: number): number[] {
    const { index, of, batches } = this.#turn;
    return Array.from({ length: Math.max(0, this.batchCount - first) }, (_, i) => first + i)
      .filter((batch) => Math.floor(batch / batches) % of === index);
  }

  #prepare(serving: symbol, job: BatchJob): Promise<BatchArrays> {
    const prepared = this.#fill(serving, job);
    // A loop that is left early never waits for the batches ahead of it.
    prepared.catch(() => {});
    return prepared;
  }

  /** Resolves to the batch's slot when it is filled. */
  async #fill(serving: symbol, job: BatchJob): Promise<BatchArrays> {
    const shared = this.#slots[job.slot];
    if (await this.#workers?.fill(job)) return shared;
    const own = this.#slots[job.slot];
    if (this.#serving === serving) {
      await this.#filler.fill(own, job.epoch, job.index);
      const fresh = this.#source.takeFresh?.() ?? [];
      if (fresh.length > 0) this.#source.keep?.(fresh);
    }
    return own;
  }
}

function parsedMixing({ options, classes }: NonNullable<LoaderOptions["mixing"]>): BatchMixing {
  return { options: parseMixing(options), classes };
}

/**
 * Batches in an epoch. Throws InputError where there is none, as the only ones would not be full and
 * are dropped.
 */
export function countBatches(
  { count }: Pick<ImageSource, "count">,
  { batchSize, dropLast = false, groupSize = 1 }: Pick<
    LoaderOptions,
    "batchSize" | "dropLast" | "groupSize"
  >,
): number {
  if (!dropLast) return Math.ceil(count / batchSize);
  const groups = Math.floor(count / (batchSize * groupSize));
  if (groups > 0) return groups * groupSize;
  const [size, remedy] = groupSize === 1 ? [`${batchSize}`, "choose a smaller batch"] : [
    `${batchSize}, times ${groupSize} per step`,
    "choose a smaller batch or fewer of them",
  ];
  throw new InputError(
    `batchSize is ${size}, but there are only ${count} images and the last batch, unless full, is ` +
      `dropped; ${remedy}`,
    { at: ["batchSize"] },
  );
}

function emptySlots(length: number, source: ImageSource, plan: BatchPlan): BatchArrays[] {
  try {
    return Array.from({ length }, () => emptyBatch(source, plan));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InputError(
      `the system cannot provide memory for ${length} batches of ${plan.batchSize} images; choose a smaller batch`,
      { at: ["batchSize"], cause: error },
    );
  }
}
