/** Bounded elements. */
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { elementwiseOp } from "./elementwise.ts";

interface ClipByValueAttributes {
  /** Largest magnitude that is not clipped. */
  readonly value: number;
}

export const clipByValueOp = elementwiseOp<ClipByValueAttributes>({
  name: "clipByValue",
  inputNames: ["input"],
  expression: (e, [x], { value }) => [
    e.maximum(e.minimum(x, e.constant(value)), e.constant(-value)),
  ],
  samples: [{ operands: [[2, 3]], attributes: { value: 0.5 } }],
});

/**
 * `input` with every element moved into [-value, value]; NaN stays NaN. Has no gradient rule.
 * Matches `torch.nn.utils.clip_grad_value_`.
 */
export function clipByValue(input: Operand, attributes: ClipByValueAttributes): Value {
  return apply(clipByValueOp, [input], attributes)[0];
}
