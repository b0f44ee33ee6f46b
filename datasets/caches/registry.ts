/** The caches of decoded images, by name. */
import { type Choice, chosen } from "../../schema/entry.ts";
import type { SourceHandle } from "../image_source.ts";
import { disk, DiskCache, type DiskCacheHandle } from "./disk.ts";
import { memory, MemoryCache, type MemoryCacheHandle } from "./memory.ts";
import { none } from "./none.ts";
import type { CachedPictures, CacheEntry, PictureCache } from "./picture_cache.ts";

/** The caches by the names that configs use. */
export const CACHES = { none, memory, disk } satisfies Record<string, CacheEntry>;

/** Where decoded images are kept: a name, or `{ name, …options }`. */
export type CacheChoice = Choice<typeof CACHES>;

const OPENERS: Readonly<Record<string, (handle: never) => PictureCache>> = {
  memory: (handle: MemoryCacheHandle) => new MemoryCache(handle),
  disk: (handle: DiskCacheHandle) => new DiskCache(handle),
};

/** Opens a cache for some images. Throws InputError for an unknown name or option. */
export async function createCache(
  choice: CacheChoice,
  of: CachedPictures,
): Promise<PictureCache | undefined> {
  const { entry, options } = chosen<CacheEntry>(CACHES, choice, "cache");
  return await entry.build(options, of);
}

/** Opens a cache in a worker. */
export function openCache(handle: SourceHandle): PictureCache {
  return OPENERS[handle.kind](handle as never);
}
