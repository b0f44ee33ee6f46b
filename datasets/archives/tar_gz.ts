/** Reads `.tar.gz` archives. */
import { createTarDecoder } from "npm:modern-tar@0.8.6";
import { gunzip } from "../../files/gunzip.ts";
import type { ArchiveEntry, ReadOptions } from "./entry.ts";

/** The entries of a `.tar.gz`, in order. Throws its libraries' errors if it is damaged. */
export async function* tarGzEntries(
  archive: string,
  { maxBytes, tooLarge, onRead }: ReadOptions,
): AsyncGenerator<ArchiveEntry> {
  using file = await Deno.open(archive);
  const entries = gunzip(file.readable.pipeThrough(counting(onRead)))
    .pipeThrough(counting((bytes) => {
      if (bytes > maxBytes) throw tooLarge();
    }))
    .pipeThrough(createTarDecoder({ strict: true }));
  for await (const { header: { name, type = "file", size }, body } of entries) {
    yield { name, type, size, body };
  }
}

/** Passes bytes through and reports their total. */
function counting(
  onBytes: (bytes: number) => void,
): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let length = 0;
  return new TransformStream({
    transform(chunk, controller) {
      length += chunk.length;
      onBytes(length);
      controller.enqueue(chunk);
    },
  });
}
