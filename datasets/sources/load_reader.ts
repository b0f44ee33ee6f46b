/** Loads the decoder with the first image. */
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
 * Loads the decoder. Its address is computed, so that code that only might read images does not load one. A
 * worker that may only read images has loaded it beforehand.
 */
export async function loadReader(): Promise<PictureReader> {
  return await import(new URL("../picture_reader.ts", import.meta.url).href);
}
