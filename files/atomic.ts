/** Writing a file so that it is there whole or not at all. */
import { DISK } from "./disk.ts";
import { Output } from "./output.ts";
import { temporaryPath } from "./temporary.ts";

/**
 * Writes `data` to `path` atomically: into a temporary file in the same folder, flushed to disk,
 * then renamed over whatever was there; {@link Output} says what becomes of permissions, links, pipes
 * and devices. The folder is made if it is missing. If anything fails the temporary file is removed,
 * `path` is as it was and the error is passed on: as InputError where nothing can be written there,
 * as RunError where the disk is full.
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
