/** Decodes image files, in the one way in which `predict` does. */
import { decodeRaster, type ReadOptions, type ReadRaster } from "../files/images.ts";

export { decoderLocations } from "../files/decode.ts";

/**
 * The image in a file that has been read, of its own size. Rejects with InputError, which begins with
 * `name`, for one that is no image, or damaged unless the options say that this does not matter.
 */
export async function decodePictureFile(
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
  channels: number,
  options: ReadOptions = {},
): Promise<ReadRaster> {
  return await decodeRaster(name, bytes, channels, options);
}
