/** The logistic function as three straight lines. */
import { onnxOp } from "../graph/onnx_nodes.ts";
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { activationOps } from "./activation.ts";

export const [hardSigmoidOp, hardSigmoidGradientOp] = activationOps({
  name: "hardSigmoid",
  stored: {},
  samples: [{}],
  onnx: onnxOp("HardSigmoid", { alpha: { float: 1 / 6 }, beta: { float: 0.5 } }),
  expression(e, x) {
    const line = e.add(e.multiply(x, e.constant(1 / 6)), e.constant(0.5));
    return e.minimum(e.maximum(line, e.constant(0)), e.constant(1));
  },
  gradientOf: "output",
  gradient(e, dy, y) {
    const zero = e.constant(0), slope = e.multiply(dy, e.constant(1 / 6));
    return e.selectGreater(y, zero, e.selectGreater(e.constant(1), y, slope, zero), zero);
  },
});

/**
 * `min(max(input + 3, 0), 6) / 6` by element, f32 of any shape (Howard et al., arXiv:1905.02244);
 * NaN stays NaN. The gradient at -3 and 3 is 0. Matches `torch.nn.functional.hardsigmoid`. Throws
 * InputError for an input that is not f32.
 */
export function hardSigmoid(input: Operand): Value {
  return apply(hardSigmoidOp, [input], {})[0];
}
