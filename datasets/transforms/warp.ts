/** Geometric transforms: rotation, shear, translation and perspective, bit-identical to PIL's. */
import { emptyRaster, type Raster } from "../../files/raster.ts";
import type { Interpolation } from "../../files/resample.ts";
import type { PictureSize } from "../transform.ts";
import { mirrored, turned } from "./flips.ts";

/** Maps a pixel of the result to the source: (a x + b y + c, d x + e y + f). */
type Matrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** The same for a perspective: both divided by g x + h y + 1. */
export type Projection = readonly [...Matrix, g: number, h: number];

/** The fill outside the image: a grey level, or one per channel. */
export type Fill = number | readonly number[];

/**
 * An image whose pixels are taken from where the matrix maps them.
 *
 * @param size of the result
 */
export function warped(
  picture: Raster,
  matrix: Matrix | Projection,
  interpolation: Interpolation,
  fill: Fill,
  size: PictureSize = picture,
): Raster {
  const { height, width, channels } = picture;
  const result = emptyRaster(size.height, size.width, channels);
  const levels = typeof fill === "number" ? Array<number>(channels).fill(fill) : fill;
  if (interpolation === "nearest" && matrix.length === 6) {
    pickNearest(picture, result, matrix, levels);
    return result;
  }
  const sample = SAMPLES[interpolation];
  const [a, b, c, d, e, f, g = 0, h = 0] = matrix;
  for (let y = 0, to = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++, to += channels) {
      const depth = g * (x + 0.5) + h * (y + 0.5) + 1;
      const column = (a * (x + 0.5) + b * (y + 0.5) + c) / depth;
      const row = (d * (x + 0.5) + e * (y + 0.5) + f) / depth;
      const isInside = column >= 0 && column < width && row >= 0 && row < height;
      for (let channel = 0; channel < channels; channel++) {
        result.data[to + channel] = isInside
          ? sample(picture, column - 0.5, row - 0.5, channel)
          : levels[channel];
      }
    }
  }
  return result;
}

function pickNearest(
  { height, width, channels, data }: Raster,
  result: Raster,
  matrix: Matrix,
  levels: readonly number[],
): void {
  const [a, b, c, d, e, f] = matrix;
  const fixed = (value: number) => Math.floor(65536 * value + 0.5);
  const isStraight = b === 0 && d === 0;
  const columns = isStraight ? stepped(c + a / 2, a, result.width) : undefined;
  const rows = isStraight ? stepped(f + e / 2, e, result.height) : undefined;
  const [firstColumn, firstRow] = [fixed(c + a / 2 + b / 2), fixed(f + d / 2 + e / 2)];
  const [stepA, stepB, stepD, stepE] = [a, b, d, e].map(fixed);
  for (let y = 0, to = 0; y < result.height; y++) {
    for (let x = 0; x < result.width; x++, to += channels) {
      const column = columns ? columns[x] : (firstColumn + x * stepA + y * stepB) >> 16;
      const row = rows ? rows[y] : (firstRow + x * stepD + y * stepE) >> 16;
      const isInside = column >= 0 && column < width && row >= 0 && row < height;
      const from = (row * width + column) * channels;
      for (let channel = 0; channel < channels; channel++) {
        result.data[to + channel] = isInside ? data[from + channel] : levels[channel];
      }
    }
  }
}

/** Positions accumulated by addition, which decides ties. */
function stepped(first: number, step: number, count: number): Int32Array {
  let place = first;
  return Int32Array.from({ length: count }, () => {
    const found = Math.floor(place);
    place += step;
    return found;
  });
}

/** The value at a position; pixel centres are at integers. */
const SAMPLES = { nearest, bilinear, bicubic };

function nearest({ width, channels, data }: Raster, x: number, y: number, c: number) {
  return data[(Math.floor(y + 0.5) * width + Math.floor(x + 0.5)) * channels + c];
}

function bilinear({ height, width, channels, data }: Raster, x: number, y: number, c: number) {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [dx, dy] = [x - left, y - top];
  const at = (row: number, column: number) =>
    data[(clamp(row, height) * width + clamp(column, width)) * channels + c];
  const along = (row: number) => at(row, left) + (at(row, left + 1) - at(row, left)) * dx;
  const upper = along(top);
  return Math.trunc(upper + ((top + 1 < height ? along(top + 1) : upper) - upper) * dy);
}

function bicubic({ height, width, channels, data }: Raster, x: number, y: number, c: number) {
  const [left, top] = [Math.floor(x) - 1, Math.floor(y) - 1];
  const [dx, dy] = [x - left - 1, y - top - 1];
  const at = (row: number, column: number) =>
    data[(clamp(row, height) * width + clamp(column, width)) * channels + c];
  const values: number[] = [];
  for (let row = top; row < top + 4; row++) {
    values.push(
      cubic(at(row, left), at(row, left + 1), at(row, left + 2), at(row, left + 3), dx),
    );
  }
  const [v1, v2, v3, v4] = values;
  return Math.max(0, Math.min(255, Math.trunc(cubic(v1, v2, v3, v4, dy))));
}

/** Interpolates between the middle two of four values, by a cubic with a = -1. */
function cubic(v1: number, v2: number, v3: number, v4: number, d: number): number {
  return v2 + d * (v3 - v1 + d * (2 * (v1 - v2) + v3 - v4 + d * (-v1 + v2 - v3 + v4)));
}

function clamp(place: number, count: number): number {
  return place < 0 ? 0 : place >= count ? count - 1 : place;
}

/** Options of a rotation. */
interface TurnOptions {
  /** The centre of rotation. Default: the middle. */
  readonly centre?: readonly [x: number, y: number];
  /** Whether the result is enlarged to contain the whole rotated image. Default: the image's size. */
  readonly expand?: boolean;
}

/** Rotates counter-clockwise by the given degrees. */
export function rotated(
  picture: Raster,
  degrees: number,
  interpolation: Interpolation,
  fill: Fill,
  { centre, expand = false }: TurnOptions = {},
): Raster {
  const positive = ((degrees % 360) + 360) % 360;
  const { height, width } = picture;
  // Like PIL: multiples of a right angle only move pixels.
  if (!centre && positive === 0) return picture;
  if (!centre && positive === 180) return mirrored(turned(picture));
  if (!centre && positive % 180 === 90 && (expand || height === width)) {
    return positive === 90 ? turned(transposed(picture)) : mirrored(transposed(picture));
  }
  const angle = -radians(positive);
  const round = (value: number) => Number(value.toFixed(15));
  const [cosine, sine] = [round(Math.cos(angle)), round(Math.sin(angle))];
  const [x, y] = centre ?? [width / 2, height / 2];
  const matrix: Matrix = [
    cosine,
    sine,
    cosine * -x + sine * -y + x,
    -sine,
    cosine,
    -sine * -x + cosine * -y + y,
  ];
  if (!expand) return warped(picture, matrix, interpolation, fill);
  const size = expandedSize(picture, matrix);
  const shift = [(width - size.width) / 2, (height - size.height) / 2];
  const [a, b, , d, e] = matrix;
  const [c, f] = placeOf(matrix, shift);
  const moved: Matrix = [a, b, c, d, e, f];
  return warped(picture, moved, interpolation, fill, size);
}

/** The source position of a position in the result. */
function placeOf([a, b, c, d, e, f]: Matrix, [x, y]: readonly number[]): readonly number[] {
  return [a * x + b * y + c, d * x + e * y + f];
}

/** The smallest size that contains the corners. */
function expandedSize({ height, width }: PictureSize, matrix: Matrix): PictureSize {
  const corners = [[0, 0], [width, 0], [width, height], [0, height]]
    .map((corner) => placeOf(matrix, corner));
  const [across, down] = [0, 1].map((axis) => {
    const places = corners.map((corner) => corner[axis]);
    return Math.ceil(Math.max(...places)) - Math.floor(Math.min(...places));
  });
  return { height: down, width: across };
}

/** The transposed image. */
function transposed({ height, width, channels, data }: Raster): Raster {
  const result = emptyRaster(width, height, channels);
  for (let y = 0, from = 0; y < height; y++) {
    for (let x = 0; x < width; x++, from += channels) {
      result.data.set(data.subarray(from, from + channels), (x * height + y) * channels);
    }
  }
  return result;
}

/** Parameters of an affine transform, like torchvision's `affine`. */
interface AffineChange {
  /** Degrees, clockwise. */
  readonly angle: number;
  /** Pixels to the right and down. */
  readonly translate: readonly [x: number, y: number];
  readonly scale: number;
  /** Degrees along x and y. */
  readonly shear: readonly [x: number, y: number];
}

/** The matrix of an affine transform about a point. */
export function affineMatrix(
  { angle, translate: [tx, ty], scale, shear }: AffineChange,
  [cx, cy]: readonly [x: number, y: number],
): Matrix {
  const turn = radians(angle);
  const [sx, sy] = shear.map(radians);
  const a = Math.cos(turn - sy) / Math.cos(sy);
  const b = -Math.cos(turn - sy) * Math.tan(sx) / Math.cos(sy) - Math.sin(turn);
  const c = Math.sin(turn - sy) / Math.cos(sy);
  const d = -Math.sin(turn - sy) * Math.tan(sx) / Math.cos(sy) + Math.cos(turn);
  const [m0, m1, m3, m4] = [d / scale, -b / scale, -c / scale, a / scale];
  return [
    m0,
    m1,
    m0 * (-cx - tx) + m1 * (-cy - ty) + cx,
    m3,
    m4,
    m3 * (-cx - tx) + m4 * (-cy - ty) + cy,
  ];
}

function radians(degrees: number): number {
  return degrees * Math.PI / 180;
}
