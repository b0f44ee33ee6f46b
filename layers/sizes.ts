/** Schemas of sizes shared by layers: one number for both axes, or one per axis. */
import type { Pair } from "../ops/convolution_geometry.ts";
import { z } from "../schema/entry.ts";

type Size = z.ZodType<number | Pair, number | Pair>;

function sizeOf(axis: z.ZodInt): Size {
  return z.union([axis, z.tuple([axis, axis])]);
}

/** One number, or [height, width], of at least 1. */
export const size: Size = sizeOf(z.int().min(1)).meta({ id: "size" });

/** One number, or [height, width], of at least 0. */
export const padding: Size = sizeOf(z.int().min(0)).meta({ id: "padding" });
