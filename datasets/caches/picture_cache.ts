/** Caches decoded images from one epoch to the next. */
import type { Raster } from "../../files/raster.ts";
import type { Entry, z } from "../../schema/entry.ts";
import type { SourceHandle } from "../image_source.ts";
import type { KeepsPictures } from "../keeps_pictures.ts";
import type { PictureSource } from "../picture_source.ts";
import type { PictureSize } from "../transform.ts";
import type { TransformChoice } from "../transforms/registry.ts";

/** Images of a source, after its leading transforms without randomness. */
export interface PictureCache extends KeepsPictures {
  /** An image, if it is cached. */
  get(index: number): Raster | undefined;
  /** Stores an image if it fits: at once, or when {@link PictureCache.keep} gets it. */
  put(index: number, picture: Raster): void;
  /** Those of images `from` to `to` - 1. */
  slice(from: number, to: number): PictureCache;
  /** How a worker opens it; `kind` is a name in `caches/registry.ts`. */
  readonly handle: SourceHandle;
  /** Files that a worker reads. */
  readonly reads: readonly string[];
  readonly memoryBytes: number;
}

/** What a cache is for. */
export interface CachedPictures {
  readonly pictures: PictureSource;
  /** The transforms applied before caching. */
  readonly transforms: readonly TransformChoice[];
  /** Their common size after that; undefined if sizes differ. */
  readonly size?: PictureSize;
  /** Their share of the cache's capacity, if several splits share it. */
  readonly share: number;
  /** Overfold's cache folder. Default: this machine's. */
  readonly folder?: string;
  /** Receives one-line notices for the user. */
  readonly onNotice?: (line: string) => void;
}

/** A cache that a config can name. */
export interface CacheEntry<S extends z.ZodObject = z.ZodObject> extends Entry<S> {
  /** Opens the cache for some images; undefined for no caching. */
  build(
    options: z.output<S>,
    of: CachedPictures,
  ): PictureCache | undefined | Promise<PictureCache | undefined>;
}

/** Bytes per unit of the options. */
export const GIBIBYTE = 2 ** 30;
