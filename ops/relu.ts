/** Rectified linear unit. */
import { onnxOp } from "../graph/onnx_nodes.ts";
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { activationOps } from "./activation.ts";

export const [reluOp, reluGradientOp] = activationOps({
  name: "relu",
  stored: {},
  samples: [{}],
  onnx: onnxOp("Relu"),
  expression: (e, x) => e.maximum(x, e.constant(0)),
  gradientOf: "output",
  gradient: (e, dy, y) => e.selectGreater(y, e.constant(0), dy, e.constant(0)),
});

/**
 * `max(input, 0)` by element, f32 of any shape; NaN stays NaN. The gradient at 0 is 0. Matches
 * `torch.relu`. Throws InputError for an input that is not f32.
 */
export function relu(input: Operand): Value {
  return apply(reluOp, [input], {})[0];
}
