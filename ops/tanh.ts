/** Hyperbolic tangent. */
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { activationOps } from "./activation.ts";

export const [tanhOp, tanhGradientOp] = activationOps({
  name: "tanh",
  stored: {},
  samples: [{}],
  expression: (e, x) => e.tanh(x),
  gradientOf: "output",
  gradient: (e, dy, y) => e.multiply(dy, e.subtract(e.constant(1), e.multiply(y, y))),
});

/**
 * The hyperbolic tangent by element, f32 of any shape. Matches `torch.tanh`. Throws InputError for an
 * input that is not f32.
 */
export function tanh(input: Operand): Value {
  return apply(tanhOp, [input], {})[0];
}
