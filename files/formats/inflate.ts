/** Unpacks deflate, as used in PNG and TIFF. */
import { sum } from "../../reporting/statistics.ts";

/** Deflate's largest expansion factor. */
export const EXPANSION = 1032;

/** The unpacked bytes, as they become available. Throws TypeError if the input is corrupt. */
export async function* inflate(
  pieces: readonly Uint8Array<ArrayBuffer>[],
): AsyncGenerator<Uint8Array, void, void> {
  const stream = new DecompressionStream("deflate");
  const writer = stream.writable.getWriter();
  // An error drops the rest of its chunk and the output before it, hence small chunks.
  const portion = Math.max(256, Math.ceil(sum(pieces.map(({ length }) => length)) / 4096));
  const written = (async () => {
    for (const piece of pieces) {
      for (let at = 0; at < piece.length; at += portion) {
        await writer.write(piece.subarray(at, at + portion));
      }
    }
    await writer.close();
  })();
  // Errors surface on the reading side.
  written.catch(() => {});
  yield* stream.readable;
}
