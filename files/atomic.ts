/** Writes files atomically. */
import { DISK } from "./disk.ts";
import { Output } from "./output.ts";
import { temporaryPath } from "./temporary.ts";

/**
 * Writes `data` to `path` atomically: into a temporary file in the same folder, flushed to disk, then
 * renamed; {@link Output} describes permissions, links, pipes and devices. Missing folders are created.
 * On failure the temporary file is removed, `path` is unchanged and the error is passed on: as
 * InputError if nothing can be written there, as RunError if the disk is full.
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  disk = DISK,
): Promise<void> {
  using output = await Output.open(path, temporaryPath, disk);
  try {
    const chunks = typeof data === "string" || data instanceof Uint8Array ? [data] : data;
    for await (const chunk of chunks) await output.write(chunk);
    await output.finish();
  } catch (error) {
    await output.discard();
    throw error;
  }
}
