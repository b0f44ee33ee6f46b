/** Writing a file so that it is there whole or not at all. */
import { basename, dirname, join } from "node:path";
import { explainRefusal } from "./refusal.ts";

/** A name beside `path` that no other process uses: the place to prepare what will be `path`. */
export function temporaryPath(path: string): string {
  const unique = `${Deno.pid}-${crypto.randomUUID().slice(0, 8)}`;
  return join(dirname(path), `.${basename(path)}.${unique}.tmp`);
}

/**
 * Writes `data` to `path` atomically: into a temporary file in the same folder, flushed to disk,
 * then renamed over whatever was there. The folder is made if it is missing. If anything fails the
 * temporary file is removed, `path` is as it was and the error is passed on: as InputError where
 * nothing can be written there, as RunError where the disk is full.
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const temporary = temporaryPath(path);
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    {
      using file = await Deno.open(temporary, { write: true, createNew: true });
      for await (const chunk of chunksOf(data)) await writeAll(file, chunk);
      await file.sync();
    }
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw explainRefusal(path, error);
  }
}

/** Writes all of `bytes` at the file's present position. */
export async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

function chunksOf(
  data: string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (typeof data === "string") return [new TextEncoder().encode(data)];
  return data instanceof Uint8Array ? [data] : data;
}
