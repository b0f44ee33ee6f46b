/** Images of any size, before they become an {@link ImageSource} of images of one size. */
import type { Raster, Wanted } from "../files/raster.ts";
import type { KeepsPictures } from "./keeps_pictures.ts";
import type { ImageSource, SourceHandle, TargetColumn } from "./image_source.ts";

/** Images of any size with their targets. */
export interface PictureSource extends KeepsPictures {
  /** Number of images. */
  readonly count: number;
  /** 1 for grey, 3 for red, green, blue; the same for all. */
  readonly channels: number;
  /** By name; objectives check which they need. */
  readonly targets: Readonly<Record<string, TargetColumn>>;
  /**
   * An image by its index. Rejects with InputError if it cannot be read.
   *
   * @param wanted the part that is needed; the rest may be undefined. Default: all
   */
  read(index: number, wanted?: Wanted): Raster | Promise<Raster>;
  /** An image's name for the user, such as its path. */
  nameOf?(index: number): string;
  /** An image's stored file. Rejects with InputError if it cannot be read. */
  fileOf?(index: number): Promise<Uint8Array<ArrayBuffer>>;
  /** See {@link ImageSource.beginningOf}. */
  beginningOf?(index: number, most: number): Uint8Array | undefined;
  /** Changes when an image's file does; undefined if unknown. */
  identityOf?(index: number): string | undefined;
  /** Whether an image is known to be unreadable. */
  isBroken?(index: number): boolean;
  /** Images `from` to `to` - 1, without a copy. Throws InputError if they are not there. */
  slice(from: number, to: number): PictureSource;
  /** What a worker has to read; see {@link ImageSource.reads}. */
  readonly reads?: readonly string[];
  /** How a worker opens it, if it can. */
  readonly handle?: SourceHandle;
  /** See {@link ImageSource.complaints}. */
  complaints?(): readonly string[];
}

/** Images of one size as a picture source. */
export class FixedPictures implements PictureSource {
  constructor(private readonly images: ImageSource) {}

  get count(): number {
    return this.images.count;
  }

  get channels(): number {
    return this.images.shape.channels;
  }

  get targets(): ImageSource["targets"] {
    return this.images.targets;
  }

  get reads(): ImageSource["reads"] {
    return this.images.reads;
  }

  async read(index: number): Promise<Raster> {
    const { height, width, channels } = this.images.shape;
    const data = new Uint8Array(height * width * channels);
    await this.images.read(index, 0, data);
    return { height, width, channels, data };
  }

  slice(from: number, to: number): FixedPictures {
    return new FixedPictures(this.images.slice(from, to));
  }

  get handle(): FixedHandle | undefined {
    const { handle } = this.images;
    return handle && { kind: "fixed", images: handle };
  }
}

/** How a worker opens {@link FixedPictures}. */
export interface FixedHandle extends SourceHandle {
  readonly kind: "fixed";
  readonly images: SourceHandle;
}
