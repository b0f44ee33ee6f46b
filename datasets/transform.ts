/** Changes of images of any size, on the way from the file to the batch. */
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

/** A change of images, as torchvision's of the same name. */
export interface Transform {
  /** Whether it draws: then it has no place where networks are measured. */
  readonly isRandom?: boolean;
  /**
   * The size of what it gives, the same for every image.
   *
   * @param size of what it is given; undefined where images are of several sizes
   * @returns undefined where that depends on the image
   */
  sizeAfter(size: PictureSize | undefined): PictureSize | undefined;
  /**
   * The part of an image of this size that {@link Transform.apply} looks at with the same numbers.
   * Default: all of it.
   */
  partOf?(size: PictureSize, random: RandomStream): Part;
  /**
   * The part of an image of this size that its result shows, which may reach beyond the edges. Default:
   * all of it. Of no matter for one that draws.
   */
  shows?(size: PictureSize): Part;
  /**
   * The changed image; the one given is left as it is. Throws InputError, without a name, for one
   * that does not fit.
   *
   * @param random this image's own numbers in this epoch
   */
  apply(picture: Raster, random: RandomStream): Raster;
}

/** A transform that a config can name. */
export interface TransformEntry<S extends z.ZodObject = z.ZodObject> extends Entry<S> {
  build(options: z.output<S>): Transform;
}
