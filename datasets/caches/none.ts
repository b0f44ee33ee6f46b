import { z } from "../../schema/entry.ts";
import type { CacheEntry } from "./picture_cache.ts";

const schema = z.object({});

/** No cache. */
export const none: CacheEntry<typeof schema> = {
  about: "No cache: images are decoded in every epoch",
  schema,
  build: () => undefined,
};
