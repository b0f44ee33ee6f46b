/** Unpacks gzip, which can expand a byte to a thousand. */

/** Bytes unpacked at once: their output is in memory before the caller can stop. */
const PORTION = 2 ** 14;

/** The contents of a gzip stream, which is read only as far as they are consumed. */
export function gunzip(
  packed: ReadableStream<Uint8Array<ArrayBuffer>>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const portions = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      for (let at = 0; at < chunk.length; at += PORTION) {
        controller.enqueue(chunk.subarray(at, at + PORTION));
      }
    },
  });
  return packed.pipeThrough(portions).pipeThrough(new DecompressionStream("gzip"));
}
