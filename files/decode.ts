/** Picture files as pixels, the same for the command line and for the page in a browser. */
import { InputError } from "../errors.ts";
import { decodeJpeg } from "./jpeg.ts";
import type { OnDamage } from "./pixels.ts";
import { decodePng } from "./png.ts";

/** Bytes at the beginning of a file that tell what it is. */
export const SIGNATURE_BYTES = 4;

/** Which picture a file is, by its first bytes; undefined for any other. */
export function formatOfPicture(bytes: Uint8Array): "PNG" | "JPEG" | undefined {
  const beginning = String.fromCharCode(...bytes.subarray(0, SIGNATURE_BYTES));
  if (beginning === "\x89PNG") return "PNG";
  return beginning.startsWith("\xff\xd8\xff") ? "JPEG" : undefined;
}

/**
 * Decodes a PNG or JPEG file to a picture held upright. Of a damaged one it gives what can be
 * decoded, unless `onDamage` throws. Throws InputError, without a name, for a file of another kind, one that
 * cannot be decoded at all, and one of an absurd size.
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
