/** Options shared by several transforms, with torchvision's names and meaning. */
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

/** Interpolation. */
export function interpolationOf(
  usual: Interpolation,
): z.ZodDefault<z.ZodType<Interpolation, Interpolation>> {
  return z.enum(["nearest", "bilinear", "bicubic"]).default(usual).describe(
    "Interpolation",
  );
}

/** A probability. */
export function probabilityOf(usual: number): z.ZodDefault<z.ZodNumber> {
  return z.number().min(0).max(1).default(usual).describe("Probability, from 0 to 1");
}

/** The smaller and the larger number of a range. */
export function rangeSchema(least: number, most: number) {
  const bound = z.number().min(least).max(most);
  return z.tuple([bound, bound])
    .refine(([least, most]) => least <= most, "expected the smaller number first");
}

/** Degrees of rotation. */
export const degreesSchema = z.union([z.number().min(0).max(360), rangeSchema(-360, 360)]).describe(
  "Degrees of rotation: v for -v to v, or [least, largest]",
);

/** The range given by an option of one number or two. */
export function rangeOf(option: number | readonly [number, number]): readonly [number, number] {
  return typeof option === "number" ? [-option, option] : option;
}

const level = z.int().min(0).max(255);

/** The fill outside the image. */
export const fillSchema = z.union([level, z.tuple([level, level, level])]).default(0).describe(
  "Grey level or [red, green, blue] outside the image",
);
