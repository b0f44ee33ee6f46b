/**
 * Decoded pictures as networks take them: the largest centred part of the network's proportions,
 * scaled with a triangle filter that widens when it shrinks, as PIL's antialiased bilinear does. A
 * picture of the network's size keeps its pixels.
 */
import { InputError } from "../errors.ts";
import { formatCount } from "../reporting/format.ts";

/** The size a network wants its images in. */
export interface ImageSize {
  /** Rows. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
  /** 1 is grey; 3 are red, green and blue. */
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

/** Most pixels a picture may have: what the largest cameras give. */
const MAX_PIXELS = 1 << 26;

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

/**
 * A picture as u8 pixels [height, width, channels]. Transparency is dropped; grey is ITU-R 601 luma,
 * as in PIL's `convert("L")`.
 */
export function networkPixels(picture: Picture, size: ImageSize): Uint8Array<ArrayBuffer> {
  const { width, height, channels } = size;
  const fits = picture.width === width && picture.height === height;
  const data = fits ? picture.data : scale(centredPart(picture, size), size);
  const pixels = new Uint8Array(height * width * channels);
  for (let i = 0; i < height * width; i++) {
    const [red, green, blue] = [data[4 * i], data[4 * i + 1], data[4 * i + 2]];
    if (channels === 1) pixels[i] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
    else pixels.set([red, green, blue], 3 * i);
  }
  return pixels;
}

/** Part of a picture. */
interface Part {
  readonly picture: Picture;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function centredPart(picture: Picture, { width, height }: ImageSize): Part {
  const factor = Math.min(picture.width / width, picture.height / height);
  return {
    picture,
    x: Math.round((picture.width - width * factor) / 2),
    y: Math.round((picture.height - height * factor) / 2),
    width: Math.max(1, Math.round(width * factor)),
    height: Math.max(1, Math.round(height * factor)),
  };
}

/** The part as RGBA bytes of another size: its rows first, then its columns. */
function scale({ picture, x, y, ...part }: Part, { width, height }: ImageSize): Uint8ClampedArray {
  // Of an ImageData it is computed anew at each access.
  const { data } = picture;
  const rows = new Float32Array(part.height * width * 4);
  const horizontal = triangleWindows(part.width, width);
  for (let row = 0; row < part.height; row++) {
    const start = 4 * ((y + row) * picture.width + x);
    horizontal.forEach(({ first, weights }, column) => {
      const to = 4 * (row * width + column);
      for (let i = 0; i < weights.length; i++) {
        const from = start + 4 * (first + i);
        for (let c = 0; c < 4; c++) rows[to + c] += weights[i] * data[from + c];
      }
    });
  }
  const scaled = new Uint8ClampedArray(height * width * 4);
  const sums = new Float32Array(4 * width);
  triangleWindows(part.height, height).forEach(({ first, weights }, row) => {
    sums.fill(0);
    weights.forEach((weight, i) => {
      const from = 4 * width * (first + i);
      for (let j = 0; j < sums.length; j++) sums[j] += weight * rows[from + j];
    });
    scaled.set(sums, 4 * width * row);
  });
  return scaled;
}

/** The pixels that make one scaled pixel: `weights`, which add up to 1, from pixel `first` on. */
interface Window {
  readonly first: number;
  readonly weights: Float32Array;
}

function triangleWindows(from: number, to: number): Window[] {
  const ratio = from / to;
  const radius = Math.max(1, ratio);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * ratio - 0.5;
    const first = Math.max(0, Math.ceil(centre - radius));
    const last = Math.min(from - 1, Math.floor(centre + radius));
    const heights = Float32Array.from(
      { length: last - first + 1 },
      (_, j) => Math.max(0, 1 - Math.abs(first + j - centre) / radius),
    );
    const total = heights.reduce((sum, height) => sum + height, 0);
    return { first, weights: heights.map((height) => height / total) };
  });
}
