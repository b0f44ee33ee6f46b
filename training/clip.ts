/** Gradient clipping, in PyTorch's arithmetic. */
import { InputError } from "../errors.ts";
import type { Value } from "../graph/types.ts";
import { clipByValue } from "../ops/clip_by_value.ts";
import { clipFactor } from "../ops/clip_factor.ts";
import { maximumMagnitude } from "../ops/maximum_magnitude.ts";
import { multiply } from "../ops/multiply.ts";
import { multiplyScalar } from "../ops/multiply_scalar.ts";
import { sumMagnitudes } from "../ops/sum_magnitudes.ts";
import { sumSquares } from "../ops/sum_squares.ts";
import { CLIP_DEFAULTS, type ClipNormOptions, type ClipOptions } from "./options.ts";

/**
 * The gradient of all parameters, clipped by its norm or by value. Matches `clip_grad_norm_` and
 * `clip_grad_value_` of `torch.nn.utils`. Throws InputError for a norm other than 1, 2 and "inf".
 */
export function clipGradient(gradient: Value, options: ClipOptions): Value {
  if ("value" in options) return clipByValue(gradient, { value: options.value });
  const factor = clipFactor(squaredNorm(gradient, options.normType), { maxNorm: options.norm });
  return multiplyScalar(gradient, factor);
}

/** The square of the norm of a gradient: a scalar. Throws InputError for a norm other than 1, 2 and "inf". */
export function squaredNorm(
  gradient: Value,
  normType: ClipNormOptions["normType"] = CLIP_DEFAULTS.normType,
): Value {
  if (normType === 2) return sumSquares(gradient);
  if (normType !== 1 && normType !== "inf") {
    throw new InputError(`clip.normType is ${normType}; expected 1, 2 or "inf"`);
  }
  const norm = normType === 1 ? sumMagnitudes(gradient) : maximumMagnitude(gradient);
  return multiply(norm, norm);
}
