/** Decodes picture files, in the one way in which `predict` does. */
import { decodeRaster, type ReadRaster } from "../files/images.ts";
import type { Colour } from "../files/pixels.ts";

export { decoderLocations } from "../files/decode.ts";

/**
 * The picture in a file that has been read, of its own size. Rejects with InputError, which begins with
 * `name`, for one that is damaged or no picture.
 */
export async function decodePictureFile(
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
  channels: number,
  ground?: Colour,
): Promise<ReadRaster> {
  return await decodeRaster(name, bytes, channels, { ground });
}
