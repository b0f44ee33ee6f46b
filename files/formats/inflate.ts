/** Unpacking what deflate has packed, as PNG and TIFF have it. */
import { sum } from "../../reporting/statistics.ts";

/** Most bytes that deflate makes of one. */
export const EXPANSION = 1032;

/** The bytes that were packed in these pieces, as they come. Throws TypeError where they are broken. */
export async function* inflate(
  pieces: readonly Uint8Array<ArrayBuffer>[],
): AsyncGenerator<Uint8Array, void, void> {
  const stream = new DecompressionStream("deflate");
  const writer = stream.writable.getWriter();
  // Where they are broken, what follows in the same portion is lost, and what was before.
  const portion = Math.max(256, Math.ceil(sum(pieces.map(({ length }) => length)) / 4096));
  const written = (async () => {
    for (const piece of pieces) {
      for (let at = 0; at < piece.length; at += portion) {
        await writer.write(piece.subarray(at, at + portion));
      }
    }
    await writer.close();
  })();
  // What goes wrong is heard of on the other side.
  written.catch(() => {});
  yield* stream.readable;
}
