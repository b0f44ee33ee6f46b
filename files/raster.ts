/** Pixels of an image for transforms and networks: u8, channels last. */
import { InputError } from "../errors.ts";
import { formatCount } from "../reporting/format.ts";

/** Most pixels of an image before and after any transform: those of the largest cameras. */
export const MAX_PIXELS = 1 << 26;

/** An image: u8 [height, width, channels], row-major. */
export interface Raster {
  /** Rows. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
  /** 1 is grey; 3 are red, green and blue. */
  readonly channels: number;
  /** The pixels. */
  readonly data: Uint8Array;
}

/** Part of an image; it may reach beyond the edges. */
export interface Part {
  /** First row. */
  readonly top: number;
  /** First column. */
  readonly left: number;
  /** Rows. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
}

/** Throws InputError, which names no file, for an image larger than supported. */
export function requireRasterSize(height: number, width: number): void {
  if (height * width <= MAX_PIXELS) return;
  throw new InputError(
    `it would become an image of ${formatCount(width)} × ${formatCount(height)} pixels; expected ` +
      `at most ${formatCount(MAX_PIXELS)}`,
  );
}

/** The part of an image of this size that is needed; a decoder may leave the rest undefined. */
export type Wanted = (size: { readonly height: number; readonly width: number }) => Part;

/** An image of zeros. Throws like {@link requireRasterSize}. */
export function emptyRaster(height: number, width: number, channels: number): Raster {
  requireRasterSize(height, width);
  return { height, width, channels, data: new Uint8Array(height * width * channels) };
}

/** The luma of ITU-R 601, bit-identical to PIL's `convert("L")`. */
export function luma(red: number, green: number, blue: number): number {
  return (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16;
}

/** A decoded image: RGBA bytes, or a raster if nothing is transparent. */
export type DecodedPicture = ImageData | Raster;

/** A decoded image in 1 or 3 channels. Transparency is dropped; grey is {@link luma}. */
export function toRaster(
  picture: Raster | {
    readonly width: number;
    readonly height: number;
    readonly data: { readonly [index: number]: number };
  },
  channels: number,
): Raster {
  const { width, height, data: from } = picture;
  if ("channels" in picture && picture.channels === channels) return picture;
  const step = "channels" in picture ? picture.channels : 4;
  const raster = emptyRaster(height, width, channels);
  const { data } = raster;
  const [green, blue] = step === 1 ? [0, 0] : [1, 2];
  for (let i = 0, at = 0; i < data.length; at += step) {
    if (channels === 1) {
      data[i++] = luma(from[at], from[at + green], from[at + blue]);
    } else {
      data[i++] = from[at];
      data[i++] = from[at + green];
      data[i++] = from[at + blue];
    }
  }
  return raster;
}

/** A decoded image as RGBA bytes. */
export function toImageData(picture: DecodedPicture): ImageData {
  if (!("channels" in picture)) return picture;
  const { width, height, data: rgb } = toRaster(picture, 3);
  const image = new ImageData(width, height);
  for (let from = 0, to = 0; from < rgb.length;) {
    image.data[to++] = rgb[from++];
    image.data[to++] = rgb[from++];
    image.data[to++] = rgb[from++];
    image.data[to++] = 255;
  }
  return image;
}

/** Part of an image, with zeros beyond the edges. */
export function crop(picture: Raster, { top, left, height, width }: Part): Raster {
  const { channels, data } = picture;
  if (top === 0 && left === 0 && height === picture.height && width === picture.width) {
    return picture;
  }
  const cropped = emptyRaster(height, width, channels);
  const from = Math.max(0, left);
  const length = Math.min(picture.width, left + width) - from;
  if (length <= 0) return cropped;
  const last = Math.min(picture.height, top + height);
  for (let row = Math.max(0, top); row < last; row++) {
    const start = (row * picture.width + from) * channels;
    cropped.data.set(
      data.subarray(start, start + length * channels),
      ((row - top) * width + from - left) * channels,
    );
  }
  return cropped;
}
