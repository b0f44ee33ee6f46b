/** Hyperbolic tangent. */
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { elementwiseOp } from "./elementwise.ts";

/** The op of {@link tanh}. */
export const tanhOp = elementwiseOp({
  name: "tanh",
  inputNames: ["input"],
  stored: {},
  expression: (e, [x]) => [e.tanh(x)],
  gradient: ({ outputs: [y], outputGradients: [dy] }) => [
    dy && apply(tanhGradientOp, [dy, y], {})[0],
  ],
});

/** (outputGradient, output) → the gradient of {@link tanh}: `dy · (1 - y²)`. */
export const tanhGradientOp = elementwiseOp({
  name: "tanhGradient",
  inputNames: ["outputGradient", "output"],
  expression: (e, [dy, y]) => [e.multiply(dy, e.subtract(e.constant(1), e.multiply(y, y)))],
});

/**
 * The hyperbolic tangent by element, f32 of any shape. Matches `torch.tanh`. Throws InputError for an
 * input that is not f32.
 */
export function tanh(input: Operand): Value {
  return apply(tanhOp, [input], {})[0];
}
