/** Chooses between two tensors by whether a number is finite. */
import { apply, type Operand } from "../graph/trace.ts";
import type { Arithmetic, Value } from "../graph/types.ts";
import { elementwiseOp } from "./elementwise.ts";

/** Magnitudes from this one on count as infinite; just below the largest f32. */
const INFINITE_FROM = 3e38;

/** `ifFinite` where a magnitude (not negative) is finite, else `otherwise`. */
export function selectFinite<E>(
  e: Arithmetic<E>,
  magnitude: E,
  ifFinite: E,
  otherwise: E,
): E {
  // NaN is not less than anything.
  return e.selectGreater(e.constant(INFINITE_FROM), magnitude, ifFinite, otherwise);
}

export const whereFiniteOp = elementwiseOp({
  name: "whereFinite",
  inputNames: ["input", "other", "magnitude"],
  spreads: ["full", "scalar"],
  expression: (e, [x, other, magnitude]) => [selectFinite(e, magnitude, x, other)],
  samples: [{ operands: [[2, 3], [2, 3], []], attributes: {} }],
});

/**
 * `input` where the scalar `magnitude`, which is not negative, is finite; `other` where it is
 * infinite or NaN, whatever `input` holds then. Has no gradient rule.
 * Throws InputError when `input` and `other` have different shapes or `magnitude` is not a scalar.
 */
export function whereFinite(input: Operand, other: Operand, magnitude: Operand): Value {
  return apply(whereFiniteOp, [input, other, magnitude], {})[0];
}
