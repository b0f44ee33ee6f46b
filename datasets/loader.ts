/**
 * Batches prepared off the training thread.
 *
 * Workers fill a ring of shared-memory slots ahead of the training loop, so the next batch is normally
 * ready when it is requested. The contents of a batch do not depend on the number of workers: without any
 * (not permitted, or not wanted) the same batches are filled on demand.
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
  /** Whether every epoch has its own order. Default false: the source's order. */
  readonly shuffle?: boolean;
  /** How the images of a shuffled epoch are chosen. Default `shuffled`. */
  readonly sampling?: Sampling;
  /** Whether the images of an incomplete last batch are dropped. Default false: the batch is padded. */
  readonly dropLast?: boolean;
  /** Batches per group: `dropLast` also drops an incomplete group. Default 1. */
  readonly groupSize?: number;
  /** Which batches are served. Default: all. */
  readonly turn?: Turn;
  /** Random changes of the images. Default: none, and no `transforms` in the batches. */
  readonly augmentation?: readonly AugmentationChoice[];
  /** How images of a batch are mixed, of `classes` classes. Default: no mixing. */
  readonly mixing?: { readonly options: MixingOptions; readonly classes: number };
  /**
   * How many times in a row each image of an epoch is repeated, with other random changes each time. The
   * epoch's length is unchanged, so it has fewer images. Default 1.
   */
  readonly augRepeats?: number;
  /**
   * Threads that prepare batches; 0 prepares them on demand. Default `auto`: one, or for images that must
   * be decoded the number of cores minus one.
   */
  readonly workers?: number | "auto";
  /** Processes with a loader each that share this machine's cores. Default 1. */
  readonly processes?: number;
}

/** Which batches a loader serves if several loaders share an epoch: they take turns. */
interface Turn {
  /** Index of this loader, from 0. */
  readonly index: number;
  /** Number of loaders. */
  readonly of: number;
  /** Consecutive batches per turn. */
  readonly batches: number;
}

const count = z.int().min(0);

/** The training data's `sampling`. */
export const samplingSchema = z.enum(["shuffled", "balanced"]).default("shuffled").describe(
  "shuffled: an epoch shows every image; balanced: the same number of every class, as many images in total",
);

/** Schema of the options; augmentations are checked separately. */
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

/** A batch of images; its arrays are reused once the next one is requested. */
export interface Batch {
  /** Its index in the epoch, from 0. */
  readonly index: number;
  /** Images in it: batchSize, or fewer in the last batch. The other rows are padding. */
  readonly count: number;
  readonly arrays: BatchArrays;
}

/**
 * Serves images in batches, epoch by epoch. Call {@link BatchLoader.close} (or declare it with `using`)
 * when done: until then its workers keep the process alive.
 * Throws InputError if the batch size or the number of workers is not an integer in range, for
 * augmentations that do not fit, if `dropLast` would leave no batch, or for balanced sampling of images
 * without classes.
 */
export class BatchLoader {
  /** Batches in an epoch, including those that other loaders serve. */
  readonly batchCount: number;
  readonly #turn: Turn;
  readonly #source: ImageSource;
  readonly #plan: BatchPlan;
  readonly #filler: BatchFiller;
  #slots: BatchArrays[];
  #workers: LoaderWorkers | undefined;
  /** The epoch being served. */
  #serving: symbol | undefined;
  /** Batches of an abandoned epoch, whose slots are not free yet. */
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
   * The batches of an epoch, starting at `startBatch`, in order. A batch's arrays may be overwritten as
   * soon as the next one is requested. One epoch at a time can be served.
   * Throws InputError for an image that cannot be read and for negative or fractional numbers, RunError if
   * a worker stops.
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

  /** Why images that could not be read were replaced so far. */
  get complaints(): readonly string[] {
    return this.#source.complaints?.() ?? [];
  }

  /** Stops the workers. The loader remains usable without them. */
  close(): void {
    // A worker being stopped may still write to its slots.
    if (this.#workers) this.#slots = emptySlots(this.#slots.length, this.#source, this.#plan);
    this.#workers?.close();
    this.#workers = undefined;
    this.#source.release?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The served batches, starting at `first`, by their indices in the epoch. */
  #ownFrom(first: number): number[] {
    const { index, of, batches } = this.#turn;
    return Array.from({ length: Math.max(0, this.batchCount - first) }, (_, i) => first + i)
      .filter((batch) => Math.floor(batch / batches) % of === index);
  }

  #prepare(serving: symbol, job: BatchJob): Promise<BatchArrays> {
    const prepared = this.#fill(serving, job);
    // A loop that is left early must not wait for the batches ahead of it.
    prepared.catch(() => {});
    return prepared;
  }

  /** Resolves to the batch's slot once it is filled. */
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
 * Batches in an epoch. Throws InputError if there is none because only incomplete ones, which are dropped,
 * would exist.
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
