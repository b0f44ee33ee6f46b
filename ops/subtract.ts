/** Difference of two tensors. */
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { elementwiseOp } from "./elementwise.ts";
import { scale } from "./scale.ts";

export const subtractOp = elementwiseOp({
  name: "subtract",
  inputNames: ["input", "other"],
  stored: {},
  spreads: ["full"],
  expression: (e, [a, b]) => [e.subtract(a, b)],
  gradient: (
    { outputGradients: [dy], needed },
  ) => [dy, needed[1] && dy ? scale(dy, -1) : undefined],
  samples: [{ operands: [[2, 3], [2, 3]], attributes: {} }],
});

/**
 * `input - other`, two tensors of one shape. Matches `torch.sub`.
 * Throws InputError when the shapes differ.
 */
export function subtract(input: Operand, other: Operand): Value {
  return apply(subtractOp, [input, other], {})[0];
}
