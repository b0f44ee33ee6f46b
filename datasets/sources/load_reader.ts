/** What decodes image files, loaded with the first of them. */
import type { Colour } from "../../files/pixels.ts";
import type { Raster, Wanted } from "../../files/raster.ts";

/** What `picture_reader.ts` exports. */
export interface PictureReader {
  decodePictureFile(
    name: string,
    bytes: Uint8Array<ArrayBuffer>,
    channels: number,
    options?: {
      readonly ground?: Colour;
      readonly damaged?: boolean;
      readonly wanted?: Wanted;
    },
  ): Promise<{ readonly raster: Raster; readonly isOnGround: boolean }>;
  decoderLocations(): URL[];
}

/**
 * Loads it. Its address is computed, so that nothing loads a decoder that only may read images. A
 * worker that is allowed to read images alone has loaded it beforehand.
 */
export async function loadReader(): Promise<PictureReader> {
  return await import(new URL("../picture_reader.ts", import.meta.url).href);
}
