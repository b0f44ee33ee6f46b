/** Sum of the squares of all elements: the square of the 2-norm. */
import { apply, type Operand } from "../graph/trace.ts";
import type { Op, Value } from "../graph/types.ts";
import { requireFloats } from "./checks.ts";
import { multiplyScalar } from "./multiply_scalar.ts";
import { scale } from "./scale.ts";

export const sumSquaresOp: Op = {
  name: "sumSquares",
  inputNames: ["input"],
  infer(inputs) {
    requireFloats("sumSquares", ["input"], inputs);
    return [{ shape: [], dtype: "f32" }];
  },
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && scale(multiplyScalar(x, dy), 2)],
  evaluate: ([{ data }]) => [
    Float64Array.of(data.reduce((total, value) => total + value * value, 0)),
  ],
  multiplyAccumulates: () => 0,
  samples: [{ operands: [[2, 3]], attributes: {} }],
};

/** The sum of the squares of all elements of `input`: a scalar, `torch.linalg.vector_norm(x) ** 2`. */
export function sumSquares(input: Operand): Value {
  return apply(sumSquaresOp, [input], {})[0];
}
