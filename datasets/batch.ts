/**
 * What a batch holds, and how it is filled. Everything about it follows from (seed, epoch, index),
 * so it does not matter which thread fills it, when, or whether a run was interrupted before.
 */
import { RandomStream, STREAM } from "../graph/random.ts";
import { imageSize, type Split } from "./dataset.ts";

/** Random changes of the training images; the tensor program's `augment` op carries them out. */
export interface Augmentation {
  /** Zero pixels put around the image before it is cropped back to its size at a random place. */
  readonly padding: number;
  /** Whether every second image, at random, is mirrored left to right. */
  readonly flip: boolean;
}

/** What decides the content of every batch. */
export interface BatchPlan {
  readonly batchSize: number;
  readonly seed: number;
  readonly shuffle: boolean;
  readonly augmentation: Augmentation;
}

/** The arrays of one batch. */
export interface BatchArrays {
  /** [batchSize, height, width, channels], u8. */
  readonly pixels: Uint8Array<SharedArrayBuffer>;
  /** [batchSize]; -1 in rows beyond the last image, which the loss ignores. */
  readonly labels: Int32Array<SharedArrayBuffer>;
  /**
   * [batchSize, 3]: the crop's offsets down and across into the padded image, each from 0 to
   * 2·padding, and 1 where the image is mirrored.
   */
  readonly transforms: Int32Array<SharedArrayBuffer>;
}

/** Arrays for a batch, in fresh shared memory. */
export function emptyBatch(batchSize: number, bytesPerImage: number): BatchArrays {
  return {
    pixels: new Uint8Array(new SharedArrayBuffer(batchSize * bytesPerImage)),
    labels: new Int32Array(new SharedArrayBuffer(4 * batchSize)),
    transforms: new Int32Array(new SharedArrayBuffer(12 * batchSize)),
  };
}

/** Fills batches of one split. */
export class BatchFiller {
  #epoch: number | undefined;
  #order: Uint32Array = new Uint32Array();

  constructor(private readonly split: Split, private readonly plan: BatchPlan) {}

  /** Fills `batch` with images `index` · batchSize and following of the epoch's order. */
  fill(batch: BatchArrays, epoch: number, index: number): void {
    const { split, plan } = this;
    const order = this.#orderOf(epoch);
    const size = imageSize(split.imageShape);
    const first = index * plan.batchSize;
    const count = Math.min(plan.batchSize, split.count - first);
    for (let row = 0; row < count; row++) {
      const image = order[first + row];
      batch.pixels.set(split.images.subarray(image * size, (image + 1) * size), row * size);
      batch.labels[row] = split.labels[image];
      this.#drawTransform(batch.transforms.subarray(3 * row, 3 * row + 3), epoch, image);
    }
    batch.pixels.fill(0, count * size);
    batch.labels.fill(-1, count);
    batch.transforms.fill(0, 3 * count);
  }

  #orderOf(epoch: number): Uint32Array {
    if (this.#epoch !== epoch) {
      const { split, plan: { seed, shuffle } } = this;
      this.#order = shuffle
        ? new RandomStream({ seed, stream: STREAM.shuffle, epoch }).permutation(split.count)
        : Uint32Array.from({ length: split.count }, (_, i) => i);
      this.#epoch = epoch;
    }
    return this.#order;
  }

  #drawTransform(transform: Int32Array, epoch: number, sample: number): void {
    const { seed, augmentation: { padding, flip } } = this.plan;
    const random = new RandomStream({ seed, stream: STREAM.augmentation, epoch, sample });
    transform[0] = random.integer(2 * padding + 1);
    transform[1] = random.integer(2 * padding + 1);
    transform[2] = flip ? random.integer(2) : 0;
  }
}
