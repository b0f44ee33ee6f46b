/** Picture files as pixels, the same for the command line and for the page in a browser. */
import { InputError } from "../errors.ts";
import { decodeBmp } from "./formats/bmp.ts";
import { decodeGif } from "./formats/gif.ts";
import { decodeJpeg, jpegDecoderLocation } from "./formats/jpeg.ts";
import { decodePng } from "./formats/png.ts";
import { decodePnm } from "./formats/pnm.ts";
import { decodeTiff } from "./formats/tiff.ts";
import { decodeWebp, webpDecoderLocation } from "./formats/webp.ts";
import {
  EXPECTED_PICTURE,
  formatOfPicture,
  NO_PICTURE,
  type PictureFormat,
} from "./picture_names.ts";
import type { OnDamage } from "./pixels.ts";
import type { DecodedPicture, Wanted } from "./raster.ts";

type Decoder = (
  bytes: Uint8Array<ArrayBuffer>,
  onDamage: OnDamage,
  wanted?: Wanted,
) => DecodedPicture | Promise<DecodedPicture>;

const DECODERS: Readonly<Record<PictureFormat, Decoder>> = {
  JPEG: decodeJpeg,
  PNG: decodePng,
  WebP: decodeWebp,
  GIF: decodeGif,
  BMP: decodeBmp,
  TIFF: decodeTiff,
  PNM: decodePnm,
};

/** Where the decoders' WebAssembly is, which is read when one is first needed. Beside its script a page needs files of the same names. */
export function decoderLocations(): URL[] {
  return [jpegDecoderLocation(), webpDecoderLocation()];
}

/**
 * Decodes a file of any {@link PictureFormat} to a picture held upright. Of a damaged one it gives what
 * can be decoded, unless `onDamage` throws. Throws InputError, without a name, for a file of another
 * kind, one that cannot be decoded at all, and one of an absurd size.
 *
 * @param wanted of the picture as its file stores it; without it all is decoded
 */
export async function decodePicture(
  bytes: Uint8Array<ArrayBuffer>,
  onDamage: OnDamage,
  wanted?: Wanted,
): Promise<DecodedPicture> {
  const format = formatOfPicture(bytes);
  if (format === undefined) throw new InputError(`${NO_PICTURE}; ${EXPECTED_PICTURE}`);
  return await DECODERS[format](bytes, onDamage, wanted);
}
