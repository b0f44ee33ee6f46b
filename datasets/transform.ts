/** Transforms of images of any size, between the file and the batch. */
import type { Part, Raster } from "../files/raster.ts";
import type { RandomStream } from "../graph/random.ts";
import type { Entry, z } from "../schema/entry.ts";

/** Height and width in pixels. */
export interface PictureSize {
  /** Rows. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
}

/** A transform of images, like torchvision's of the same name. */
export interface Transform {
  /** Whether it is random, which excludes it from evaluation. */
  readonly isRandom?: boolean;
  /**
   * The size of its result, if the same for every image.
   *
   * @param size of its input; undefined if sizes differ
   * @returns undefined if it depends on the image
   */
  sizeAfter(size: PictureSize | undefined): PictureSize | undefined;
  /**
   * The part of an image of this size that {@link Transform.apply} needs, given the same random numbers.
   * Default: all of it.
   */
  partOf?(size: PictureSize, random: RandomStream): Part;
  /**
   * The part of an image of this size that its result shows, which may reach beyond the edges. Default:
   * all of it. Irrelevant for a random transform.
   */
  shows?(size: PictureSize): Part;
  /**
   * The transformed image; the input is unchanged. Throws InputError, which names no file, if the image does
   * not fit.
   *
   * @param random this image's random numbers in this epoch
   */
  apply(picture: Raster, random: RandomStream): Raster;
}

/** A transform that a config can name. */
export interface TransformEntry<S extends z.ZodObject = z.ZodObject> extends Entry<S> {
  build(options: z.output<S>): Transform;
}
