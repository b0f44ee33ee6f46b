/** Decodes image files, identically on the command line and in a browser. */
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

/** Location of the decoders' WebAssembly, read on first use. A page needs files of the same names next to its script. */
export function decoderLocations(): URL[] {
  return [jpegDecoderLocation(), webpDecoderLocation()];
}

/**
 * Decodes a file of any {@link PictureFormat} to an upright image. A damaged file is decoded as far as
 * possible unless `onDamage` throws. Throws InputError, which names no file, for another kind of file, one
 * that cannot be decoded at all, and one of an absurd size.
 *
 * @param wanted the part needed of the image as its file stores it; by default all
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
