/** How picture files are told from others without decoding them. */

/** Names that PNG and JPEG files go by. */
const PICTURE = /\.(a?png|jpe?g?|jfif?|jif|pjpe?g?)$/i;

/** Whether a file is a picture by its name. */
export function isPictureName(name: string): boolean {
  return PICTURE.test(name);
}

/** Bytes at the beginning of a file that tell what it is. */
export const SIGNATURE_BYTES = 16;

/** Which picture a file is, by its first bytes; undefined for any other. */
export function formatOfPicture(bytes: Uint8Array): "PNG" | "JPEG" | undefined {
  const beginning = String.fromCharCode(...bytes.subarray(0, 4));
  if (beginning === "\x89PNG") return "PNG";
  return beginning.startsWith("\xff\xd8\xff") ? "JPEG" : undefined;
}
