/** Caches indexes of files that contain many images between runs. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { writeFileAtomic } from "../../files/atomic.ts";
import { optionalCache } from "../../files/cache.ts";
import { pack, unpack } from "../../files/packed.ts";
import { refusalOf } from "../../files/refusal.ts";
import { isSame, isSettled, type Stamp, stampOf } from "../../files/stamp.ts";
import type { OpenOptions } from "../dataset.ts";
import type { ShardIndex, ShardOptions } from "./shard_index.ts";

/** Changes with the contents of an index and with how it is built. */
const FORMAT = "index 2";

/** What is kept. */
interface Kept {
  readonly stamp: Stamp;
  /** When the file was indexed, in milliseconds since 1970. */
  readonly at: number;
  readonly index: ShardIndex;
}

/**
 * The index of a file, from the cache if it is valid for the file, else from `find`. A file that had just
 * changed when it was indexed is indexed again. Rejects like `find`, and throws the system's errors.
 *
 * @param kind of files
 */
export async function keptIndex(
  path: string,
  kind: string,
  options: ShardOptions,
  find: () => Promise<ShardIndex>,
  { cache: given, onNotice }: Pick<OpenOptions, "cache" | "onNotice">,
): Promise<ShardIndex> {
  const stamp = stampOf(await Deno.stat(path));
  const at = Date.now();
  const cache = optionalCache(given);
  if (!cache) return await find();
  const key = JSON.stringify([FORMAT, kind, options, await Deno.realPath(path)]);
  const name = createHash("sha256").update(key).digest("hex").slice(0, 32);
  const place = join(cache.folder, "indexes", name);
  const kept = await read(place);
  if (kept && isSame(kept.stamp, stamp) && isSettled(stamp, kept.at)) return kept.index;
  const index = await find();
  if (cache.isWritable) {
    try {
      await writeFileAtomic(place, pack({ stamp, at, index } satisfies Kept));
    } catch (error) {
      const refusal = refusalOf(error) ?? refusalOf((error as Error).cause);
      if (refusal === undefined) throw error;
      onNotice?.(`the index of ${path} cannot be cached: ${refusal}`);
    }
  }
  return index;
}

async function read(place: string): Promise<Kept | undefined> {
  try {
    return unpack(await Deno.readFile(place)) as Kept | undefined;
  } catch (error) {
    if (refusalOf(error) === undefined) throw error;
  }
}
