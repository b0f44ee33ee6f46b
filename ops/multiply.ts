/** Product of two tensors. */
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { elementwiseOp } from "./elementwise.ts";

export const multiplyOp = elementwiseOp({
  name: "multiply",
  inputNames: ["input", "other"],
  stored: {},
  spreads: ["full"],
  otherwise: { channel: "channelScale", scalar: "multiplyScalar" },
  expression: (e, [a, b]) => [e.multiply(a, b)],
  gradient: ({ inputs: [a, b], outputGradients: [dy], needed }) => [
    needed[0] && dy ? multiply(dy, b) : undefined,
    needed[1] && dy ? multiply(dy, a) : undefined,
  ],
  samples: [{ operands: [[2, 3], [2, 3]], attributes: {} }],
});

/**
 * `input · other` by element, two tensors of one shape. Matches `torch.mul`. Throws InputError when
 * the shapes differ; `channelScale` takes one number per channel.
 */
export function multiply(input: Operand, other: Operand): Value {
  return apply(multiplyOp, [input, other], {})[0];
}
