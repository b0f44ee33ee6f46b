/** Reads and decodes picture files, in the one way in which `predict` does. */
import { decodeRaster, readPictureFile, type ReadRaster, readRaster } from "../files/images.ts";
import type { Colour } from "../files/pixels.ts";
import type { Raster } from "../files/raster.ts";

export { decoderLocation } from "../files/jpeg.ts";
export { readPictureFile };

/** A picture of its own size. Rejects with InputError for one that cannot be read or is damaged. */
export async function readPicture(
  path: string,
  channels: number,
  ground?: Colour,
): Promise<Raster> {
  const { raster } = await readRaster(path, channels, { ground });
  return raster;
}

/** The picture in a file that has been read. Rejects with InputError, which begins with `name`. */
export async function decodePictureFile(
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
  channels: number,
  ground?: Colour,
): Promise<ReadRaster> {
  return await decodeRaster(name, bytes, channels, { ground });
}
