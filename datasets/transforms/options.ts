/** Options that several transforms have, with torchvision's names and meaning. */
import type { Interpolation } from "../../files/resample.ts";
import { z } from "../../schema/entry.ts";
import type { PictureSize } from "../transform.ts";

const side = z.int().min(1).max(2 ** 15);

/** A size: one number for a square, or height and width. */
export const sizeSchema = z.union([side, z.tuple([side, side])]);

/** Height and width of a size. */
export function sizeOfOption(size: z.output<typeof sizeSchema>): PictureSize {
  const [height, width] = typeof size === "number" ? [size, size] : size;
  return { height, width };
}

/** How pixels between pixels are computed. */
export const interpolationSchema: z.ZodDefault<z.ZodType<Interpolation, Interpolation>> = z.enum([
  "nearest",
  "bilinear",
  "bicubic",
]).default("bilinear").describe("How pixels between pixels are computed");

/** A probability, half by default. */
export const probabilitySchema = z.number().min(0).max(1).default(0.5).describe(
  "How often it happens, from 0 to 1",
);

/** Rounded as Python rounds: halves to the even number. */
export function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
