/**
 * Random changes of training images. An augmentation either changes pixels while batches are prepared, or
 * is applied by the training step (crop and mirroring, `ops/preprocess.ts`; erasing, `ops/erase.ts`), for
 * which a batch contains the random draws.
 */
import type { RandomStream } from "../graph/random.ts";
import type { Entry, z } from "../schema/entry.ts";
import type { ImageShape } from "./image_source.ts";

/** Changes pixels while batches are prepared. */
export interface HostAugmentation {
  /**
   * Changes an image in place.
   *
   * @param image u8 [height, width, channels]
   * @param random this image's random numbers in this epoch
   */
  apply(image: Uint8Array, shape: ImageShape, random: RandomStream): void;
}

/** What the training step applies to an image, in this order. */
export interface StepTransform {
  /** Zero pixels added on each side before the image is cropped to its size at a random position. */
  readonly padding: number;
  /** Whether images are mirrored left to right with probability one half. */
  readonly flip: boolean;
  /** Erasing after normalization. Default: none. */
  readonly erasing?: Erasing;
}

/** How rectangles are erased at random. */
export interface Erasing {
  /** Probability, 0 to 1. */
  readonly p: number;
  /** Smallest and largest share of the image's area. */
  readonly scale: readonly [number, number];
  /** Smallest and largest aspect ratio of the rectangle. */
  readonly ratio: readonly [number, number];
  /** Fill after normalization: one number, one per channel, or noise. */
  readonly value: number | readonly number[] | "random";
}

/** An augmentation that the training step applies. */
interface StepAugmentation {
  /** Its options for the step. */
  readonly transform: Partial<StepTransform>;
}

/** A random change of training images. */
type Augmentation = HostAugmentation | StepAugmentation;

/** An augmentation that a config can name. */
export interface AugmentationEntry<S extends z.ZodObject = z.ZodObject> extends Entry<S> {
  /**
   * Throws InputError, `at` the option, for one that does not fit the images.
   *
   * @param shape of the images, if known
   */
  build(options: z.output<S>, shape?: ImageShape): Augmentation;
}
