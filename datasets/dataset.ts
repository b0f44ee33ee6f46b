/** Datasets: images in two splits, and what is known about them beforehand. */
import type { Entry, z } from "../schema/entry.ts";
import type { ImageShape, ImageSource, TargetField } from "./image_source.ts";
import type { Colour } from "../files/pixels.ts";
import type { ChannelStatistics } from "../ops/preprocess.ts";
import type { PictureSource } from "./picture_source.ts";
import type { LocateOptions } from "./published_files.ts";
import type { TransformChoice } from "./transforms/registry.ts";
import type { OnError } from "./sources/picture_files.ts";

export type { ChannelStatistics };

/** What is known about a dataset before its images are loaded. */
export interface DatasetInfo {
  /** The name in configs, such as `cifar10`. */
  readonly name: string;
  /** The name in prose, such as `CIFAR-10`. */
  readonly title: string;
  /** Class names in the order of the labels. */
  readonly classNames: readonly string[];
  /** Extents of every image. */
  readonly imageShape: ImageShape;
  /** Statistics of the training images, used for normalization. */
  readonly statistics: ChannelStatistics;
  /** Number of images in each split. */
  readonly sizes: { readonly train: number; readonly test: number };
  /** The targets that both splits have, by name. */
  readonly targets: Readonly<Record<string, TargetField>>;
  /** A fingerprint of the user's own files, by names and labels; absent for published datasets. */
  readonly fingerprint?: string;
  /** Transforms of evaluated images; absent if they are what `predict` does by default. */
  readonly transforms?: readonly TransformChoice[];
}

/** The two splits as published. */
export interface Splits {
  /** Images to train on. */
  readonly train: ImageSource;
  /** Images to evaluate on. */
  readonly test: ImageSource;
}

/** A dataset that is described but not loaded. */
export interface OpenDataset {
  /** Its description. */
  readonly info: DatasetInfo;
  /** Whether its images are in files, which are not fully read when it is loaded. */
  readonly isOfFiles?: boolean;
  /** Bytes of its images if they are computed when loaded; absent if they are read. */
  readonly computedBytes?: number;
  /** Bytes to download if it is missing; absent for a dataset that is not published. */
  readonly downloadBytes?: number;
  /**
   * Finds its files, downloading them if needed, and returns their folder; absent for a dataset without
   * files. Rejects with InputError or RunError if they are not available.
   */
  locate?(): Promise<string>;
  /** Loads its images. Rejects as `locate` does, and with InputError for damaged files. */
  load(): Promise<Splits>;
}

/** Where a dataset's files may be, and how its image files are read. */
export interface OpenOptions extends LocateOptions {
  /** Background of transparent pixels. Default: the colours stored for them. */
  readonly background?: Colour;
  /** What to do about an image that cannot be read. Default: stop. */
  readonly onError?: OnError;
  /** Whether the first bytes of image files are checked on loading. Default true. */
  readonly scan?: boolean;
  /** Receives each skipped file: its kind, and whether it is an image nevertheless. */
  readonly onSkipped?: (
    file: { readonly path: string; readonly what: string; readonly isPicture?: boolean },
  ) => void;
  /** @deprecated The former name of `onSkipped`. */
  readonly onPassedOver?: OpenOptions["onSkipped"];
  /** During a long search for images, periodically receives a function that describes the progress. */
  readonly onWork?: (say: () => string) => void;
}

/** A dataset of images of any size; the config chooses the size at which they are used. */
export interface OpenPictures {
  /** Its description. */
  readonly info: Omit<DatasetInfo, "imageShape"> & {
    /** 1 for grey, 3 for red, green, blue. */
    readonly channels: number;
    /** Default number of rows and columns of the network's input. Default 224. */
    readonly usualSize?: number;
  };
  /** See {@link OpenDataset.downloadBytes}. */
  readonly downloadBytes?: number;
  /** See {@link OpenDataset.locate}. */
  locate?(): Promise<string>;
  /** Loads its images. Rejects with InputError if some cannot be read, and as `locate` does. */
  load(): Promise<{ readonly train: PictureSource; readonly test: PictureSource }>;
}

/** A dataset that a config can name. */
export interface DatasetEntry<S extends z.ZodObject = z.ZodObject> extends Entry<S> {
  /**
   * Opens the dataset, without a download if its description is built in.
   *
   * @param where where its files may be, and how they are read
   */
  build(
    options: z.output<S>,
    where: OpenOptions,
  ): OpenDataset | OpenPictures | Promise<OpenDataset | OpenPictures>;
}
