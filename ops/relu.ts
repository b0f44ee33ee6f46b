/** Rectified linear unit. */
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { elementwiseOp } from "./elementwise.ts";

/** The op of {@link relu}. */
export const reluOp = elementwiseOp({
  name: "relu",
  inputNames: ["input"],
  stored: {},
  expression: (e, [x]) => [e.maximum(x, e.constant(0))],
  gradient: ({ outputs: [y], outputGradients: [dy] }) => [
    dy && apply(reluGradientOp, [dy, y], {})[0],
  ],
});

/** (outputGradient, output) → the gradient of {@link relu}: 0 where the output is 0. */
export const reluGradientOp = elementwiseOp({
  name: "reluGradient",
  inputNames: ["outputGradient", "output"],
  expression: (e, [dy, y]) => [e.selectGreater(y, e.constant(0), dy, e.constant(0))],
});

/**
 * `max(input, 0)` by element, f32 of any shape; NaN stays NaN. The gradient at 0 is 0. Matches
 * `torch.relu`. Throws InputError for an input that is not f32.
 */
export function relu(input: Operand): Value {
  return apply(reluOp, [input], {})[0];
}
