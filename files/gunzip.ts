/** Unpacking gzip, which can make a thousand bytes of one. */

/**
 * Bytes that are unpacked at once: what comes of them is in memory before anyone can say that it is
 * enough.
 */
const PORTION = 2 ** 14;

/** The bytes in a gzip stream. It is read no further than what comes out is. */
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
