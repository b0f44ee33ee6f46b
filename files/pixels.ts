/**
 * Decoded pictures as networks take them: the largest centred part of the network's proportions,
 * scaled as PIL's bilinear does (`resample.ts`). A picture of the network's size keeps its pixels.
 */
import { InputError } from "../errors.ts";
import { formatCount } from "../reporting/format.ts";
import { MAX_PIXELS, type Part, type Raster } from "./raster.ts";
import { resample } from "./resample.ts";

/** Extents of an image, in pixels and channels. */
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

/** What transparent pixels lie on unless something else is said: paper. */
export const WHITE: Colour = [255, 255, 255];

/** A decoded picture; `ImageData` is one. */
export interface Picture {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** RGBA bytes [height, width, 4]. */
  readonly data: { readonly length: number; [index: number]: number };
}

/**
 * Is told what is wrong with a file, if anything is: some pixels are not what they were. It is told
 * as soon as that is known, and may throw, so that nothing is spent on what is not wanted.
 */
export type OnDamage = (damage: string) => void;

/** Most pixels a side, as in JPEG. */
const MAX_SIDE = (1 << 16) - 1;

/** Throws InputError, without a name, for a picture that no one means to be read. */
export function checkPictureSize(width: number, height: number): void {
  const isSane = [width, height].every((side) => side > 0 && side <= MAX_SIDE);
  if (isSane && width * height <= MAX_PIXELS) return;
  throw new InputError(
    `a picture of ${formatCount(width)} × ${formatCount(height)} pixels; expected at least one ` +
      `and at most ${formatCount(MAX_PIXELS)}, ${formatCount(MAX_SIDE)} a side; make it smaller`,
  );
}

/** Lays a picture on a ground, in place: none of it is transparent then. Whether any of it was. */
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

/** The largest centred part of a picture that has the proportions of a size, scaled to it. */
export function fit(picture: Raster, size: Pick<ImageShape, "height" | "width">): Raster {
  if (picture.height === size.height && picture.width === size.width) return picture;
  return resample(picture, centredPart(picture, size), size, "bilinear");
}

/** The largest centred part of a picture that has the proportions of a size. */
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
