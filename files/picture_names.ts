/** How picture files are told from others without decoding them. */

/** Formats that are read: what names of such files end in, and how the files begin, each byte a character. */
const FORMATS = {
  JPEG: { ending: /jpe?g?|jfif?|jif|pjpe?g?/, beginning: /^\xff\xd8\xff/ },
  PNG: { ending: /a?png/, beginning: /^\x89PNG/ },
  WebP: { ending: /webp/, beginning: /^RIFF[^]{4}WEBP/ },
  GIF: { ending: /gif/, beginning: /^GIF8[79]a/ },
  BMP: { ending: /bmp|dib/, beginning: /^BM[^]{4}\0{4}/ },
  TIFF: { ending: /tiff?/, beginning: /^(II\*\0|MM\0\*)/ },
  PNM: { ending: /p[bgpn]m/, beginning: /^P[1-6]\s+[#\d]/ },
} as const;

/** A format that is read. */
export type PictureFormat = keyof typeof FORMATS;

/** The formats' names. */
export const PICTURE_FORMATS = Object.keys(FORMATS) as PictureFormat[];

/** What any other file is not, and what was expected in its place. */
export const NO_PICTURE = "not a picture that can be read";
export const EXPECTED_PICTURE = `expected a file in ${
  PICTURE_FORMATS.join(", ").replace(/, (\w+)$/, " or $1")
}`;

const NAME = new RegExp(
  `\\.(${Object.values(FORMATS).map(({ ending }) => ending.source).join("|")})$`,
  "i",
);

/** Whether a file is a picture by its name. */
export function isPictureName(name: string): boolean {
  return NAME.test(name);
}

/** Bytes at the beginning of a file that tell what it is. */
export const SIGNATURE_BYTES = 16;

/** Whether a file is in a format, by its first bytes, each a character. */
export function beginsAs(head: string, format: PictureFormat): boolean {
  return FORMATS[format].beginning.test(head);
}

/** Which picture a file is, by its first bytes; undefined for any other. */
export function formatOfPicture(bytes: Uint8Array): PictureFormat | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, SIGNATURE_BYTES));
  return PICTURE_FORMATS.find((format) => beginsAs(head, format));
}
