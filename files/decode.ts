/** Picture files as pixels, the same for the command line and for the page in a browser. */
import { InputError } from "../errors.ts";
import { decodeJpeg } from "./jpeg.ts";
import { formatOfPicture } from "./picture_names.ts";
import type { OnDamage } from "./pixels.ts";
import { decodePng } from "./png.ts";

/**
 * Decodes a PNG or JPEG file to a picture held upright. Of a damaged one it gives what can be
 * decoded, unless `onDamage` throws. Throws InputError, without a name, for a file of another kind,
 * one that cannot be decoded at all, and one of an absurd size.
 */
export async function decodePicture(
  bytes: Uint8Array<ArrayBuffer>,
  onDamage: OnDamage,
): Promise<ImageData> {
  const format = formatOfPicture(bytes);
  if (format === undefined) {
    throw new InputError("neither a PNG nor a JPEG picture; convert it to one of them");
  }
  const decode = format === "PNG" ? decodePng : decodeJpeg;
  return await decode(bytes, onDamage);
}
