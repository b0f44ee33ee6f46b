/** Rectified linear unit of at most 6. */
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { activationOps } from "./activation.ts";

export const [relu6Op, relu6GradientOp] = activationOps({
  name: "relu6",
  stored: {},
  samples: [{}],
  onnx: (graph, [x]) => {
    const [least, most] = [0, 6].map((bound) => graph.floats(Float64Array.of(bound), []));
    return graph.node("Clip", [x, least, most]);
  },
  expression: (e, x) => e.minimum(e.maximum(x, e.constant(0)), e.constant(6)),
  gradientOf: "output",
  gradient(e, dy, y) {
    const zero = e.constant(0);
    return e.selectGreater(y, zero, e.selectGreater(e.constant(6), y, dy, zero), zero);
  },
});

/**
 * `min(max(input, 0), 6)` by element, f32 of any shape (Howard et al., arXiv:1704.04861); NaN stays
 * NaN. The gradient at 0 and 6 is 0. Matches `torch.nn.functional.relu6`. Throws InputError for an
 * input that is not f32.
 */
export function relu6(input: Operand): Value {
  return apply(relu6Op, [input], {})[0];
}
