/** Gradient clipping, in PyTorch's arithmetic. */
import type { Value } from "../graph/types.ts";
import { clipByValue } from "../ops/clip_by_value.ts";
import { clipFactor } from "../ops/clip_factor.ts";
import { maximumMagnitude } from "../ops/maximum_magnitude.ts";
import { multiply } from "../ops/multiply.ts";
import { multiplyScalar } from "../ops/multiply_scalar.ts";
import { sumMagnitudes } from "../ops/sum_magnitudes.ts";
import { sumSquares } from "../ops/sum_squares.ts";
import { z } from "../schema/entry.ts";

const normTypeSchema = z.literal([1, 2, "inf"]).default(2).describe(
  "Which norm: the sum of magnitudes (1), Euclid's (2) or the largest magnitude (inf)",
);

/** How gradients are clipped before the update: all by their norm together, or each entry. */
export const clipSchema = z.union([
  z.strictObject({
    norm: z.number().positive().describe("Largest norm of all gradients together"),
    normType: normTypeSchema,
  }),
  z.strictObject({
    value: z.number().positive().describe("Largest magnitude of a gradient entry"),
  }),
]).describe("Gradient clipping, by norm or by value");

/** Clipping with every default filled in. */
export type Clip = z.output<typeof clipSchema>;

/**
 * The gradient of all parameters, clipped by its norm or by value. Matches `clip_grad_norm_` and
 * `clip_grad_value_` of `torch.nn.utils`.
 */
export function clipGradient(gradient: Value, options: Clip): Value {
  if ("value" in options) return clipByValue(gradient, { value: options.value });
  const factor = clipFactor(squaredNorm(gradient, options.normType), { maxNorm: options.norm });
  return multiplyScalar(gradient, factor);
}

/** The square of the norm of a gradient: a scalar. */
export function squaredNorm(gradient: Value, normType: z.output<typeof normTypeSchema>): Value {
  if (normType === 2) return sumSquares(gradient);
  const norm = normType === 1 ? sumMagnitudes(gradient) : maximumMagnitude(gradient);
  return multiply(norm, norm);
}
