/** Reads picture files, in the one way in which `predict` reads them. */
import { readRaster } from "../files/images.ts";
import type { Colour } from "../files/pixels.ts";
import type { Raster } from "../files/raster.ts";

/** A picture of its own size. Rejects with InputError for one that cannot be read or is damaged. */
export async function readPicture(
  path: string,
  channels: number,
  ground?: Colour,
): Promise<Raster> {
  const { raster } = await readRaster(path, channels, { ground });
  return raster;
}

export { decoderLocation } from "../files/jpeg.ts";
