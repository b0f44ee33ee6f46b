/**
 * What a batch holds, and how it is filled. Everything about it follows from (seed, epoch, index),
 * so it does not matter which thread fills it, when, or whether a run was interrupted before.
 */
import { RandomStream, STREAM } from "../graph/random.ts";
import type { HostAugmentation, StepTransform } from "./augmentation.ts";
import { emptyTargets, imageSize, type ImageSource, type TargetArrays } from "./image_source.ts";

/** What decides, with the images, the content of every batch. */
export interface BatchPlan {
  readonly batchSize: number;
  readonly seed: number;
  readonly shuffle: boolean;
  /** What the training step is to carry out; without it a batch holds no `transforms`. */
  readonly transform?: StepTransform;
}

/**
 * The arrays of one batch by name, row by row: `pixels`, u8 [batchSize, height, width, channels];
 * the source's targets under their names; and, for training, `transforms`, i32 [batchSize, 3]: the
 * crop's offsets down and across into the padded image, each from 0 to 2·padding, and 1 where the
 * image is mirrored.
 */
export type BatchArrays = Readonly<Record<string, TargetArrays[keyof TargetArrays]>>;

const TRANSFORMS = { dtype: "i32", shape: [3], filling: 0 } as const;

/** Arrays for a batch, in fresh shared memory. */
export function emptyBatch(source: ImageSource, { batchSize, transform }: BatchPlan): BatchArrays {
  const { height, width, channels } = source.shape;
  const pixels = { dtype: "u8", shape: [height, width, channels], filling: 0 } as const;
  const fields = { pixels, ...source.targets, ...(transform ? { transforms: TRANSFORMS } : {}) };
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, emptyTargets(field, batchSize)]),
  );
}

/** Fills batches with the images of one source. */
export class BatchFiller {
  #epoch: number | undefined;
  #order: Uint32Array = new Uint32Array();

  constructor(
    private readonly source: ImageSource,
    private readonly plan: BatchPlan,
    /** What is done to pixels, in this order. */
    private readonly host: readonly HostAugmentation[],
  ) {}

  /**
   * Fills `batch` with images `index` · batchSize and following of the epoch's order; the images of
   * a source that reads asynchronously are all read at once. Rejects as the source's `read`.
   */
  async fill(batch: BatchArrays, epoch: number, index: number): Promise<void> {
    const { source, plan: { batchSize } } = this;
    const first = index * batchSize;
    const order = this.#orderOf(epoch).subarray(first, first + batchSize);
    const { pixels, transforms } = batch;
    const size = imageSize(source.shape);
    const reads: Promise<void>[] = [];
    order.forEach((image, row) => {
      const into = pixels.subarray(row * size, (row + 1) * size) as Uint8Array;
      const reading = source.read(image, epoch, into);
      if (reading) reads.push(reading.then(() => this.#augment(into, epoch, image)));
      else this.#augment(into, epoch, image);
      if (transforms) this.#drawTransform(transforms.subarray(3 * row), epoch, image);
    });
    pixels.fill(0, order.length * size);
    transforms?.fill(TRANSFORMS.filling, 3 * order.length);
    for (const [name, { data, filling }] of Object.entries(source.targets)) {
      const width = data.length / source.count;
      order.forEach((image, row) =>
        batch[name].set(data.subarray(image * width, (image + 1) * width), row * width)
      );
      batch[name].fill(filling, order.length * width);
    }
    await Promise.all(reads);
  }

  #orderOf(epoch: number): Uint32Array {
    if (this.#epoch !== epoch) {
      const { source: { count }, plan: { seed, shuffle } } = this;
      this.#order = shuffle
        ? new RandomStream({ seed, stream: STREAM.shuffle, epoch }).permutation(count)
        : Uint32Array.from({ length: count }, (_, i) => i);
      this.#epoch = epoch;
    }
    return this.#order;
  }

  #augment(image: Uint8Array, epoch: number, sample: number): void {
    this.host.forEach((augmentation, i) => {
      const { seed } = this.plan;
      const key = { seed, stream: STREAM.augmentation, place: 1 + i, epoch, sample };
      augmentation.apply(image, this.source.shape, new RandomStream(key));
    });
  }

  #drawTransform(transform: BatchArrays[string], epoch: number, sample: number): void {
    const { seed, transform: { padding, flip } = { padding: 0, flip: false } } = this.plan;
    const random = new RandomStream({ seed, stream: STREAM.augmentation, epoch, sample });
    transform[0] = random.integer(2 * padding + 1);
    transform[1] = random.integer(2 * padding + 1);
    transform[2] = flip ? random.integer(2) : 0;
  }
}
