/**
 * Fits decoded images to networks: the largest centred crop of the network's proportions, scaled like
 * PIL's bilinear (`resample.ts`). An image of the network's size keeps its pixels.
 */
import { InputError } from "../errors.ts";
import { formatCount } from "../reporting/format.ts";
import { MAX_PIXELS, type Part, type Raster } from "./raster.ts";
import { resample } from "./resample.ts";

/** The size of a network's images. */
export interface ImageShape {
  /** Rows. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
  /** 1 for grey, 3 for red, green, blue. */
  readonly channels: number;
}

/** Red, green and blue, 0 to 255. */
export type Colour = readonly [red: number, green: number, blue: number];

/** The default background of transparent pixels: white paper. */
export const WHITE: Colour = [255, 255, 255];

/** A decoded image; `ImageData` is one. */
export interface Picture {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** RGBA bytes [height, width, 4]. */
  readonly data: { readonly length: number; [index: number]: number };
}

/**
 * Receives a description of a file's damage, which affects some pixels, as soon as it is known. It may
 * throw, which avoids decoding an unwanted image.
 */
export type OnDamage = (damage: string) => void;

/** Most pixels per side, as in JPEG. */
const MAX_SIDE = (1 << 16) - 1;

/** Throws InputError, which names no file, for an image of an absurd size. */
export function checkPictureSize(width: number, height: number): void {
  const isSane = [width, height].every((side) => side > 0 && side <= MAX_SIDE);
  if (isSane && width * height <= MAX_PIXELS) return;
  throw new InputError(
    `an image of ${formatCount(width)} × ${formatCount(height)} pixels; expected at least one ` +
      `and at most ${formatCount(MAX_PIXELS)}, ${formatCount(MAX_SIDE)} a side; make it smaller`,
  );
}

/** Draws an image on a background, in place. Returns whether any pixel was transparent. */
export function layOn({ data }: Picture, ground: Colour): boolean {
  let isChanged = false;
  for (let i = 0; i < data.length; i += 4) {
    const alpha = data[i + 3] / 255;
    if (alpha === 1) continue;
    isChanged = true;
    for (let c = 0; c < 3; c++) data[i + c] = alpha * data[i + c] + (1 - alpha) * ground[c];
    data[i + 3] = 255;
  }
  return isChanged;
}

/** The largest centred crop of an image with the proportions of a size, scaled to it. */
export function fit(picture: Raster, size: Pick<ImageShape, "height" | "width">): Raster {
  if (picture.height === size.height && picture.width === size.width) return picture;
  return resample(picture, centredPart(picture, size), size, "bilinear");
}

/** The largest centred crop of an image with the proportions of a size. */
export function centredPart(
  picture: Pick<ImageShape, "height" | "width">,
  { width, height }: Pick<ImageShape, "height" | "width">,
): Part {
  const factor = Math.min(picture.width / width, picture.height / height);
  return {
    left: Math.round((picture.width - width * factor) / 2),
    top: Math.round((picture.height - height * factor) / 2),
    width: Math.max(1, Math.round(width * factor)),
    height: Math.max(1, Math.round(height * factor)),
  };
}
