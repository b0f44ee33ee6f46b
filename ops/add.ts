/** Sum of two tensors. */
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { elementwiseOp } from "./elementwise.ts";

export const addOp = elementwiseOp({
  name: "add",
  inputNames: ["input", "other"],
  stored: {},
  spreads: ["full"],
  otherwise: { channel: "addBias" },
  expression: (e, [a, b]) => [e.add(a, b)],
  gradient: ({ outputGradients: [dy] }) => [dy, dy],
  samples: [{ operands: [[2, 3], [2, 3]], attributes: {} }],
});

/**
 * `input + other`, two tensors of one shape. Matches `torch.add`.
 * Throws InputError when the shapes differ.
 */
export function add(input: Operand, other: Operand): Value {
  return apply(addOp, [input, other], {})[0];
}
