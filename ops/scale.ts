/** A tensor times a number known when the program is traced. */
import { finite } from "../graph/attribute_rules.ts";
import { multiplied } from "../graph/linear_map.ts";
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { elementwiseOp } from "./elementwise.ts";

export const scaleOp = elementwiseOp<{ readonly factor: number }>({
  name: "scale",
  inputNames: ["input"],
  stored: { factor: finite() },
  expression: (e, [x], { factor }) => [e.multiply(x, e.constant(factor))],
  gradient: ({ attributes: { factor }, outputGradients: [dy] }) => [dy && scale(dy, factor)],
  linearMap: ({ shape: [, channels] }, _others, { factor }) => multiplied(channels, () => factor),
  samples: [{ operands: [[4]], attributes: { factor: -1.7 } }],
});

/**
 * `factor · input` by element, f32 of any shape. Matches `torch.mul` with a Python number. Throws
 * InputError for an input that is not f32.
 */
export function scale(input: Operand, factor: number): Value {
  return apply(scaleOp, [input], { factor })[0];
}
