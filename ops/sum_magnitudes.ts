/** Sum of the magnitudes of all elements: the 1-norm. */
import { apply, type Operand } from "../graph/trace.ts";
import type { Op, Value } from "../graph/types.ts";
import { requireFloats } from "./checks.ts";

export const sumMagnitudesOp: Op = {
  name: "sumMagnitudes",
  inputNames: ["input"],
  infer(inputs) {
    requireFloats("sumMagnitudes", ["input"], inputs);
    return [{ shape: [], dtype: "f32" }];
  },
  evaluate: ([{ data }]) => [
    Float64Array.of(data.reduce((total, value) => total + Math.abs(value), 0)),
  ],
  multiplyAccumulates: () => 0,
  samples: [{ operands: [[2, 3]], attributes: {} }],
};

/**
 * The sum of the magnitudes of all elements of `input`: a scalar. Has no gradient rule. Matches
 * `torch.linalg.vector_norm(x, ord=1)`.
 */
export function sumMagnitudes(input: Operand): Value {
  return apply(sumMagnitudesOp, [input], {})[0];
}
