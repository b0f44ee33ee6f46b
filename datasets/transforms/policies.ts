/** The operations of the automatic policies, with their ranges of magnitude. */
import type { Raster } from "../../files/raster.ts";
import type { Interpolation } from "../../files/resample.ts";
import type { RandomStream } from "../../graph/random.ts";
import type { PictureSize } from "../transform.ts";
import {
  autoContrasted,
  brightened,
  contrasted,
  equalized,
  inverted,
  posterized,
  saturated,
  sharpened,
  solarized,
} from "./colours.ts";
import { roundHalfEven } from "./draws.ts";
import { type Fill, rotated, warped } from "./warp.ts";

/** Interpolation and fill of geometric operations. */
interface Moving {
  readonly interpolation: Interpolation;
  readonly fill: Fill;
}

type Operation = (picture: Raster, magnitude: number, moving: Moving) => Raster;

/** Every operation by torchvision's name. */
export const OPERATIONS = {
  Identity: (picture) => picture,
  ShearX: (picture, m, { interpolation, fill }) =>
    warped(picture, [1, m, 0, 0, 1, 0], interpolation, fill),
  ShearY: (picture, m, { interpolation, fill }) =>
    warped(picture, [1, 0, 0, m, 1, 0], interpolation, fill),
  TranslateX: (picture, m, { interpolation, fill }) =>
    warped(picture, [1, 0, -Math.trunc(m), 0, 1, 0], interpolation, fill),
  TranslateY: (picture, m, { interpolation, fill }) =>
    warped(picture, [1, 0, 0, 0, 1, -Math.trunc(m)], interpolation, fill),
  Rotate: (picture, m, { interpolation, fill }) => rotated(picture, m, interpolation, fill),
  Brightness: (picture, m) => brightened(picture, 1 + m),
  Color: (picture, m) => saturated(picture, 1 + m),
  Contrast: (picture, m) => contrasted(picture, 1 + m),
  Sharpness: (picture, m) => sharpened(picture, 1 + m),
  Posterize: (picture, m) => posterized(picture, m),
  Solarize: (picture, m) => solarized(picture, m),
  AutoContrast: (picture) => autoContrasted(picture),
  Equalize: (picture) => equalized(picture),
  Invert: (picture) => inverted(picture),
} satisfies Record<string, Operation>;

/** The name of an operation. */
export type OperationName = keyof typeof OPERATIONS;

/** The strength of an operation at a relative magnitude from 0 to 1. */
export interface Strength {
  /** Whether its sign is random. */
  readonly isSigned: boolean;
  at(place: number, size: PictureSize): number;
}

/** From 0 to `most`, with a random sign. */
export const upTo = (most: number | ((size: PictureSize) => number)): Strength => ({
  isSigned: true,
  at: (place, size) => place * (typeof most === "number" ? most : most(size)),
});

/** Number of bits kept, down from 8. */
export const bitsDownTo = (least: number): Strength => ({
  isSigned: false,
  at: (place) => 8 - roundHalfEven(place * (8 - least)),
});

/** Thresholds from 255 to 0. */
export const THRESHOLDS: Strength = { isSigned: false, at: (place) => 255 * (1 - place) };

/** For operations without a strength. */
export const FIXED: Strength = { isSigned: false, at: () => 0 };

/** Largest shift as a fraction of a side, from ImageNet. */
const MOVED = 150 / 331;

/** The operations of RandAugment, with their ranges there and in AutoAugment. */
export const SPACE: ReadonlyMap<OperationName, Strength> = new Map<OperationName, Strength>([
  ["Identity", FIXED],
  ["ShearX", upTo(0.3)],
  ["ShearY", upTo(0.3)],
  ["TranslateX", upTo(({ width }: PictureSize) => MOVED * width)],
  ["TranslateY", upTo(({ height }: PictureSize) => MOVED * height)],
  ["Rotate", upTo(30)],
  ["Brightness", upTo(0.9)],
  ["Color", upTo(0.9)],
  ["Contrast", upTo(0.9)],
  ["Sharpness", upTo(0.9)],
  ["Posterize", bitsDownTo(4)],
  ["Solarize", THRESHOLDS],
  ["AutoContrast", FIXED],
  ["Equalize", FIXED],
]);

/** Applies an operation at a relative magnitude from 0 to 1. */
export function operate(
  picture: Raster,
  [name, strength]: readonly [OperationName, Strength],
  place: number,
  moving: Moving,
  random: RandomStream,
): Raster {
  const magnitude = strength.at(place, picture);
  const sign = strength.isSigned && random.integer(2) === 1 ? -1 : 1;
  return OPERATIONS[name](picture, sign * magnitude, moving);
}
