/** Recognizes image files without decoding them. */

/** Supported formats: file name endings, and first bytes as characters. */
const FORMATS = {
  JPEG: { ending: /jpe?g?|jfif?|jif|pjpe?g?/, beginning: /^\xff\xd8\xff/ },
  PNG: { ending: /a?png/, beginning: /^\x89PNG/ },
  WebP: { ending: /webp/, beginning: /^RIFF[^]{4}WEBP/ },
  GIF: { ending: /gif/, beginning: /^GIF8[79]a/ },
  BMP: { ending: /bmp|dib/, beginning: /^BM[^]{4}\0{4}/ },
  TIFF: { ending: /tiff?/, beginning: /^(II\*\0|MM\0\*)/ },
  PNM: { ending: /p[bgpn]m/, beginning: /^P[1-6]\s+[#\d]/ },
} as const;

/** A supported format. */
export type PictureFormat = keyof typeof FORMATS;

/** The formats' names. */
export const PICTURE_FORMATS = Object.keys(FORMATS) as PictureFormat[];

/** Parts of messages about other files. */
export const NO_PICTURE = "not an image that can be read";
export const EXPECTED_PICTURE = `expected a file in ${
  PICTURE_FORMATS.join(", ").replace(/, (\w+)$/, " or $1")
}`;

const NAME = new RegExp(
  `\\.(${Object.values(FORMATS).map(({ ending }) => ending.source).join("|")})$`,
  "i",
);

/** Whether a file's name is that of an image. */
export function isPictureName(name: string): boolean {
  return NAME.test(name);
}

/** Number of first bytes that identify a format. */
export const SIGNATURE_BYTES = 16;

/** Whether a file is in a format, given its first bytes as characters. */
export function beginsAs(head: string, format: PictureFormat): boolean {
  return FORMATS[format].beginning.test(head);
}

/** The image format of a file, by its first bytes; undefined for other files. */
export function formatOfPicture(bytes: Uint8Array): PictureFormat | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, SIGNATURE_BYTES));
  return PICTURE_FORMATS.find((format) => beginsAs(head, format));
}
