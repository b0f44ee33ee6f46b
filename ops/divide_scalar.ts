/** A tensor divided by a number that is computed by the program. */
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { elementwiseOp } from "./elementwise.ts";

export const divideScalarOp = elementwiseOp({
  name: "divideScalar",
  inputNames: ["input", "scalar"],
  spreads: ["scalar"],
  expression: (e, [x, scalar]) => [e.divide(x, scalar)],
  samples: [{ operands: [[2, 3], { shape: [], range: [0.5, 2] }], attributes: {} }],
});

/**
 * `input / scalar` by element; `scalar` has shape []. Has no gradient rule. Matches `torch.div` with
 * a 0-dimensional tensor. Throws InputError when `scalar` is not a scalar.
 */
export function divideScalar(input: Operand, scalar: Operand): Value {
  return apply(divideScalarOp, [input, scalar], {})[0];
}
