/** What a dataset is: images in two splits, and what is known of them beforehand. */
import type { Entry, z } from "../schema/entry.ts";
import type { ImageShape, ImageSource, TargetField } from "./image_source.ts";
import type { Colour } from "../files/pixels.ts";
import type { ChannelStatistics } from "../ops/preprocess.ts";
import type { PictureSource } from "./picture_source.ts";
import type { LocateOptions } from "./published_files.ts";
import type { TransformChoice } from "./transforms/registry.ts";
import type { OnError } from "./sources/picture_files.ts";

export type { ChannelStatistics };

/** What is known of a dataset before its images are loaded. */
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
  /** The targets that both splits have, by name. */
  readonly targets: Readonly<Record<string, TargetField>>;
  /** Changes with the files' names and labels, where they are a person's own and may change. */
  readonly fingerprint?: string;
  /** What was done to images that are measured on; absent where that is what `predict` does anyway. */
  readonly transforms?: readonly TransformChoice[];
}

/** The two splits as published. */
export interface Splits {
  /** Images to train on. */
  readonly train: ImageSource;
  /** Images to measure with. */
  readonly test: ImageSource;
}

/** A dataset that is known but not loaded. */
export interface OpenDataset {
  /** What is known of it. */
  readonly info: DatasetInfo;
  /** Whether its images are pictures in files, of which loading it reads none as a whole. */
  readonly isOfFiles?: boolean;
  /** Bytes of its images where they are computed when loaded; absent where they are read. */
  readonly computedBytes?: number;
  /** Bytes that are downloaded where it is not here; absent for a dataset that is not published. */
  readonly downloadBytes?: number;
  /**
   * Finds its files, downloading them if need be, and returns their folder; absent for a dataset
   * that has none. Rejects with InputError or RunError if they are not available.
   */
  locate?(): Promise<string>;
  /** Its images. Rejects as `locate` does, and with InputError for damaged files. */
  load(): Promise<Splits>;
}

/** Where a dataset's files may be, and how images among them are read. */
export interface OpenOptions extends LocateOptions {
  /** What transparent pixels lie on. Default: they have the colours that are stored under them. */
  readonly background?: Colour;
  /** What to do about an image that cannot be read. Default: stop. */
  readonly onError?: OnError;
  /** Whether the beginnings of image files are looked at when they are loaded. Default true. */
  readonly scan?: boolean;
  /** Is told of each file that is passed over: what it is, and whether it is an image even so. */
  readonly onPassedOver?: (
    file: { readonly path: string; readonly what: string; readonly isPicture?: boolean },
  ) => void;
  /** Receives, now and then during a long search for images, what says how far it is. */
  readonly onWork?: (say: () => string) => void;
}

/** A dataset of images of any size: at which it is used is the config's to say. */
export interface OpenPictures {
  /** What is known of it. */
  readonly info: Omit<DatasetInfo, "imageShape"> & {
    /** 1 for grey, 3 for red, green, blue. */
    readonly channels: number;
    /** Rows and columns at which they are shown unless something is said. Default 224. */
    readonly usualSize?: number;
  };
  /** As {@link OpenDataset.downloadBytes}. */
  readonly downloadBytes?: number;
  /** As {@link OpenDataset.locate}. */
  locate?(): Promise<string>;
  /** Its images. Rejects with InputError for some that cannot be read, and as `locate` does. */
  load(): Promise<{ readonly train: PictureSource; readonly test: PictureSource }>;
}

/** A dataset that a config can name. */
export interface DatasetEntry<S extends z.ZodObject = z.ZodObject> extends Entry<S> {
  /**
   * Opens the dataset, without a download where what must be known of it is known here.
   *
   * @param where where its files may be, and how they are read
   */
  build(
    options: z.output<S>,
    where: OpenOptions,
  ): OpenDataset | OpenPictures | Promise<OpenDataset | OpenPictures>;
}
