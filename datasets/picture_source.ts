/** Pictures of any size, on their way to an {@link ImageSource} of images of one size. */
import type { Raster, Wanted } from "../files/raster.ts";
import type { KeepsPictures } from "./keeps_pictures.ts";
import type { ImageSource, SourceHandle, TargetColumn } from "./image_source.ts";

/** Images of any size with their targets. */
export interface PictureSource extends KeepsPictures {
  /** Number of images. */
  readonly count: number;
  /** 1 for grey, 3 for red, green, blue; the same for all. */
  readonly channels: number;
  /** By name; what an objective needs of them is its own affair. */
  readonly targets: Readonly<Record<string, TargetColumn>>;
  /**
   * An image by its number. Rejects with InputError for one that cannot be read.
   *
   * @param wanted what of it is looked at; the rest may be anything. Default: all
   */
  read(index: number, wanted?: Wanted): Raster | Promise<Raster>;
  /** What a person knows an image by, such as its path. */
  nameOf?(index: number): string;
  /** An image's file as it is stored. Rejects with InputError for one that cannot be read. */
  fileOf?(index: number): Promise<Uint8Array<ArrayBuffer>>;
  /** As {@link ImageSource.beginningOf}. */
  beginningOf?(index: number, most: number): Uint8Array | undefined;
  /** Changes when an image's file does; undefined where that cannot be told. */
  identityOf?(index: number): string | undefined;
  /** Whether it is known that an image cannot be read. */
  isBroken?(index: number): boolean;
  /** Images `from` to `to` - 1, without a copy. Throws InputError if they are not there. */
  slice(from: number, to: number): PictureSource;
  /** What a worker has to read, as {@link ImageSource.reads}. */
  readonly reads?: readonly string[];
  /** How a worker opens it, if it can. */
  readonly handle?: SourceHandle;
  /** As {@link ImageSource.complaints}. */
  complaints?(): readonly string[];
}

/** Images of one size as pictures. */
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
