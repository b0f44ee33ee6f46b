/** A tensor times a number that is computed by the program. */
import { multiplied } from "../graph/linear_map.ts";
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { elementwiseOp } from "./elementwise.ts";
import { multiply } from "./multiply.ts";
import { sum } from "./sum.ts";

export const multiplyScalarOp = elementwiseOp({
  name: "multiplyScalar",
  inputNames: ["input", "scalar"],
  stored: {},
  spreads: ["scalar"],
  expression: (e, [x, scalar]) => [e.multiply(x, scalar)],
  gradient: ({ inputs: [x, scalar], outputGradients: [dy], needed }) => [
    needed[0] && dy ? multiplyScalar(dy, scalar) : undefined,
    needed[1] && dy ? sum(multiply(dy, x)) : undefined,
  ],
  linearMap: ({ shape: [, channels] }, [scalar]) => multiplied(channels, () => scalar.data[0]),
  samples: [{ operands: [[2, 3], []], attributes: {} }],
});

/**
 * `scalar · input` by element; `scalar` has shape []. Matches `torch.mul` with a 0-dimensional
 * tensor. Throws InputError when `scalar` is not a scalar.
 */
export function multiplyScalar(input: Operand, scalar: Operand): Value {
  return apply(multiplyScalarOp, [input, scalar], {})[0];
}
