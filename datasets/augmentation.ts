/**
 * Random changes of training images. An augmentation is of one of two kinds: it changes pixels where
 * batches are prepared, or it is a part of what the training step carries out (crop and mirroring,
 * `ops/preprocess.ts`; erasing, `ops/erase.ts`), for which a batch holds the draws.
 */
import type { RandomStream } from "../graph/random.ts";
import type { Entry, z } from "../schema/entry.ts";
import type { ImageShape } from "./image_source.ts";

/** Changes pixels where batches are prepared. */
export interface HostAugmentation {
  /**
   * Changes an image in place.
   *
   * @param image u8 [height, width, channels]
   * @param random this image's own numbers in this epoch
   */
  apply(image: Uint8Array, shape: ImageShape, random: RandomStream): void;
}

/** What the training step does to an image, in this order. */
export interface StepTransform {
  /** Zero pixels put around the image before it is cropped back to its size at a random place. */
  readonly padding: number;
  /** Whether every second image, at random, is mirrored left to right. */
  readonly flip: boolean;
  /** What is erased once it is normalised. Default: nothing. */
  readonly erasing?: Erasing;
}

/** How rectangles are erased at random. */
export interface Erasing {
  /** How often, from 0 to 1. */
  readonly p: number;
  /** Least and largest share of the image's area. */
  readonly scale: readonly [number, number];
  /** Least and largest proportion of the rectangle's sides. */
  readonly ratio: readonly [number, number];
  /** What stands there, after normalisation: a number, one for each channel, or noise. */
  readonly value: number | readonly number[] | "random";
}

/** Is carried out by the training step. */
interface StepAugmentation {
  /** Its part of it. */
  readonly transform: Partial<StepTransform>;
}

/** A random change of training images. */
type Augmentation = HostAugmentation | StepAugmentation;

/** An augmentation that a config can name. */
export interface AugmentationEntry<S extends z.ZodObject = z.ZodObject> extends Entry<S> {
  /**
   * Throws InputError, `at` the option, for one that does not fit the images.
   *
   * @param shape of the images, where it is known
   */
  build(options: z.output<S>, shape?: ImageShape): Augmentation;
}
