/** Decoded images that are kept from one epoch to the next. */
import type { Raster } from "../../files/raster.ts";
import type { Entry, z } from "../../schema/entry.ts";
import type { SourceHandle } from "../image_source.ts";
import type { KeepsPictures } from "../keeps_pictures.ts";
import type { PictureSource } from "../picture_source.ts";
import type { PictureSize } from "../transform.ts";
import type { TransformChoice } from "../transforms/registry.ts";

/** Images of a source, as the transforms that draw nothing leave them. */
export interface PictureCache extends KeepsPictures {
  /** An image, if it is there. */
  get(index: number): Raster | undefined;
  /** Keeps an image, if there is room for it; at once, or when {@link PictureCache.keep} gets it. */
  put(index: number, picture: Raster): void;
  /** Those of images `from` to `to` - 1. */
  slice(from: number, to: number): PictureCache;
  /** How a worker opens it; `kind` is a name in `caches/registry.ts`. */
  readonly handle: SourceHandle;
  /** Files that are read. */
  readonly reads: readonly string[];
  readonly memoryBytes: number;
}

/** What a cache is for. */
export interface CachedPictures {
  readonly pictures: PictureSource;
  /** What is done to them before. */
  readonly transforms: readonly TransformChoice[];
  /** The size of all of them then; undefined where they are of several sizes. */
  readonly size?: PictureSize;
  /** Which part of the room is theirs, where several splits share it. */
  readonly share: number;
  /** Overfold's cache folder. Default: this machine's. */
  readonly folder?: string;
  /** Receives, in one line, what a person may want to know. */
  readonly onNotice?: (line: string) => void;
}

/** A cache that a config can name. */
export interface CacheEntry<S extends z.ZodObject = z.ZodObject> extends Entry<S> {
  /** Opens the cache for some images; undefined keeps none. */
  build(
    options: z.output<S>,
    of: CachedPictures,
  ): PictureCache | undefined | Promise<PictureCache | undefined>;
}

/** Bytes in one of the units that options are given in. */
export const GIBIBYTE = 2 ** 30;
