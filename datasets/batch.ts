/**
 * The contents of batches, and how they are filled. Everything follows from (seed, epoch, index), so it
 * does not matter which thread fills a batch, when, or whether a run was interrupted before.
 */
import { RandomStream, STREAM } from "../graph/random.ts";
import { BOX_FIELDS } from "../ops/erase.ts";
import { MIX_FIELDS } from "../ops/mix.ts";
import type { HostAugmentation, StepTransform } from "./augmentation.ts";
import { drawErased } from "./augmentations/erased.ts";
import {
  emptyTargets,
  imageSize,
  type ImageSource,
  type TargetArrays,
  type TargetField,
} from "./image_source.ts";
import { drawMixing } from "./mixing/draw.ts";
import type { ParsedMixing } from "./mixing/options.ts";
import {
  balancedOrder,
  type EpochOrder,
  givenOrder,
  labelsOf,
  type Sampling,
  shuffledOrder,
} from "./sampling.ts";
import { mixedFields, mixTargets } from "./mixing/targets.ts";

/** What determines the contents of every batch, together with the images. */
export interface BatchPlan {
  readonly batchSize: number;
  readonly seed: number;
  readonly shuffle: boolean;
  /** How the images of a shuffled epoch are chosen. */
  readonly sampling: Sampling;
  /** How many times in a row each image of an epoch is repeated. */
  readonly augRepeats: number;
  /** Augmentations for the training step; without them a batch has no `transforms`. */
  readonly transform?: StepTransform;
  /** How images are mixed. Default: no mixing. */
  readonly mixing?: BatchMixing;
}

/** How images are mixed, and the number of classes. */
export interface BatchMixing {
  readonly options: ParsedMixing;
  readonly classes: number;
}

/**
 * The arrays of one batch by name, row by row: `pixels`, u8 [batchSize, height, width, channels]; the
 * source's targets under their names; and, for training, the step's draws:
 *
 * - `transforms`, i32 [batchSize, 3]: the crop's offsets down and across into the padded image, each
 *   from 0 to 2·padding, and 1 if the image is mirrored;
 * - `erasures`, i32 [batchSize, 5], where rectangles are erased, as `ops/erase.ts` takes them;
 * - `partners`, i32 [batchSize, 5], and `shares`, f32 [batchSize], if images are mixed, as
 *   `ops/mix.ts` takes them; the targets are then the mixed ones (`mixing/targets.ts`).
 */
export type BatchArrays = Readonly<Record<string, TargetArrays[keyof TargetArrays]>>;

const TRANSFORMS = { dtype: "i32", shape: [3], filling: 0 } as const;
const ERASURES = { dtype: "i32", shape: [BOX_FIELDS], filling: 0 } as const;
const PARTNERS = { dtype: "i32", shape: [MIX_FIELDS], filling: 0 } as const;
const SHARES = { dtype: "f32", shape: [], filling: 1 } as const;

/**
 * Arrays for a batch, in fresh shared memory. Throws InputError if images would be mixed whose targets
 * cannot be.
 */
export function emptyBatch(source: ImageSource, plan: BatchPlan): BatchArrays {
  const { transform, mixing } = plan;
  const { height, width, channels } = source.shape;
  const fields: Record<string, TargetField> = {
    pixels: { dtype: "u8", shape: [height, width, channels], filling: 0 },
    ...source.targets,
    ...(transform ? { transforms: TRANSFORMS } : {}),
    ...(transform?.erasing ? { erasures: ERASURES } : {}),
    ...(mixing
      ? { partners: PARTNERS, shares: SHARES, ...mixedFields(source.targets, mixing.classes) }
      : {}),
  };
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, emptyTargets(field, plan.batchSize)]),
  );
}

/** Fills batches with the images of one source. */
export class BatchFiller {
  #epoch: number | undefined;
  #order = givenOrder(0);

  constructor(
    readonly source: ImageSource,
    private readonly plan: BatchPlan,
    /** Augmentations of pixels, in order. */
    private readonly host: readonly HostAugmentation[],
  ) {}

  /**
   * Fills `batch` with images `index` · batchSize and following of the epoch's order; images of an
   * asynchronous source are read concurrently. Rejects like the source's `read`.
   */
  async fill(batch: BatchArrays, epoch: number, index: number): Promise<void> {
    const { source } = this;
    const shown = this.#shownIn(epoch, index);
    const { pixels, transforms, erasures } = batch;
    const size = imageSize(source.shape);
    const reads: Promise<void>[] = [];
    shown.forEach(({ image, round }, row) => {
      const into = pixels.subarray(row * size, (row + 1) * size) as Uint8Array;
      const reading = source.read(image, round, into);
      if (reading) reads.push(reading.then(() => this.#augment(into, round, image)));
      else this.#augment(into, round, image);
      if (transforms) this.#drawStep(transforms, erasures, row, round, image);
    });
    pixels.fill(0, shown.length * size);
    transforms?.fill(TRANSFORMS.filling, 3 * shown.length);
    erasures?.fill(ERASURES.filling, BOX_FIELDS * shown.length);
    for (const [name, { data, filling }] of Object.entries(source.targets)) {
      const width = data.length / source.count;
      shown.forEach(({ image }, row) =>
        batch[name].set(data.subarray(image * width, (image + 1) * width), row * width)
      );
      batch[name].fill(filling, shown.length * width);
    }
    this.#mix(batch, epoch, index, shown.length);
    await Promise.all(reads);
  }

  /**
   * The images of a batch. An image repeated in an epoch gets new random numbers in each of its rounds.
   */
  #shownIn(epoch: number, index: number): { readonly image: number; readonly round: number }[] {
    const { source: { count }, plan: { batchSize, augRepeats } } = this;
    const { images, showings, mostShowings } = this.#orderOf(epoch);
    const first = index * batchSize;
    return Array.from({ length: Math.min(batchSize, count - first) }, (_, row) => {
      const place = Math.floor((first + row) / augRepeats);
      const showing = epoch * mostShowings + (showings?.[place] ?? 0);
      return { image: images[place], round: showing * augRepeats + (first + row) % augRepeats };
    });
  }

  #orderOf(epoch: number): EpochOrder {
    if (this.#epoch !== epoch) {
      const { source: { count, targets }, plan: { seed, shuffle, sampling, augRepeats } } = this;
      const key = { seed, epoch };
      this.#order = !shuffle
        ? givenOrder(count)
        : sampling === "balanced"
        ? balancedOrder(labelsOf(targets), Math.ceil(count / augRepeats), key)
        : shuffledOrder(count, key);
      this.#epoch = epoch;
    }
    return this.#order;
  }

  #augment(image: Uint8Array, round: number, sample: number): void {
    this.host.forEach((augmentation, i) => {
      const { seed } = this.plan;
      const key = { seed, stream: STREAM.augmentation, place: 1 + i, epoch: round, sample };
      augmentation.apply(image, this.source.shape, new RandomStream(key));
    });
  }

  /** Draws what the step applies to the image of a row. */
  #drawStep(
    transforms: BatchArrays[string],
    erasures: BatchArrays[string] | undefined,
    row: number,
    round: number,
    sample: number,
  ): void {
    const { seed, transform = { padding: 0, flip: false } } = this.plan;
    const { padding, flip, erasing } = transform;
    const random = new RandomStream({ seed, stream: STREAM.augmentation, epoch: round, sample });
    const offsets = [random.integer(2 * padding + 1), random.integer(2 * padding + 1)];
    transforms.set([...offsets, flip ? random.integer(2) : 0], 3 * row);
    if (!erasures || !erasing) return;
    const box = drawErased(this.source.shape, erasing, random);
    const first = erasing.value === "random" ? random.uint32() >>> 1 : 0;
    erasures.set([...box, first], BOX_FIELDS * row);
  }

  #mix(batch: BatchArrays, epoch: number, index: number, count: number): void {
    const { source, plan: { seed, mixing } } = this;
    if (!mixing) return;
    const random = new RandomStream({ seed, stream: STREAM.mixing, epoch, sample: index });
    const partners = batch.partners as Int32Array;
    const arrays = { partners, shares: batch.shares as Float32Array };
    const shares = drawMixing(arrays, count, source.shape, mixing.options, random);
    const partner = (row: number) => partners[MIX_FIELDS * row];
    mixTargets(batch, source.targets, { partner, shares, count });
  }
}
