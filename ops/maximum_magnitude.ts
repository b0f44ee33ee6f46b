/** Largest magnitude of all elements: the ∞-norm. */
import { apply, type Operand } from "../graph/trace.ts";
import type { Op, Value } from "../graph/types.ts";
import { requireFloats } from "./checks.ts";

export const maximumMagnitudeOp: Op = {
  name: "maximumMagnitude",
  inputNames: ["input"],
  infer(inputs) {
    requireFloats("maximumMagnitude", ["input"], inputs);
    return [{ shape: [], dtype: "f32" }];
  },
  evaluate: ([{ data }]) => [
    Float64Array.of(data.reduce((most, value) => Math.max(most, Math.abs(value)), 0)),
  ],
  multiplyAccumulates: () => 0,
  samples: [{ operands: [[2, 3]], attributes: {} }],
};

/**
 * The largest magnitude among the elements of `input`: a scalar, NaN if any element is NaN. Has no
 * gradient rule. Matches `torch.linalg.vector_norm(x, ord=inf)`.
 */
export function maximumMagnitude(input: Operand): Value {
  return apply(maximumMagnitudeOp, [input], {})[0];
}
