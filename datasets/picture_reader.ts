/** Decodes image files exactly as `predict` does. */
import { decodeRaster, type ReadOptions, type ReadRaster } from "../files/images.ts";

export { decoderLocations } from "../files/decode.ts";

/**
 * The image in the contents of a file, at its own size. Rejects with InputError, which begins with `name`,
 * if it is not an image, or is damaged and the options do not accept that.
 */
export async function decodePictureFile(
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
  channels: number,
  options: ReadOptions = {},
): Promise<ReadRaster> {
  return await decodeRaster(name, bytes, channels, options);
}
