/** Sum of all elements. */
import { apply, type Operand } from "../graph/trace.ts";
import type { Op, Value } from "../graph/types.ts";
import { requireFloats } from "./checks.ts";
import { fill } from "./fill.ts";
import { multiplyScalar } from "./multiply_scalar.ts";

export const sumOp: Op = {
  name: "sum",
  inputNames: ["input"],
  infer(inputs) {
    requireFloats("sum", ["input"], inputs);
    return [{ shape: [], dtype: "f32" }];
  },
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [
    dy && multiplyScalar(fill(x.shape, 1), dy),
  ],
  evaluate: ([{ data }]) => [Float64Array.of(data.reduce((total, value) => total + value, 0))],
  multiplyAccumulates: () => 0,
  samples: [{ operands: [[2, 3]], attributes: {} }],
};

/** The sum of all elements of `input`: a scalar. Matches `torch.sum`. */
export function sum(input: Operand): Value {
  return apply(sumOp, [input], {})[0];
}
