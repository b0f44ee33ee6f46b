/** The sigmoid linear unit with a hard sigmoid. */
import { onnxOp } from "../graph/onnx_nodes.ts";
import { apply, type Operand } from "../graph/trace.ts";
import type { Arithmetic, Value } from "../graph/types.ts";
import { activationOps } from "./activation.ts";

/** One of three results: below -3, from -3 to 3, above 3; NaN counts as the middle. */
function piecewise<E>(e: Arithmetic<E>, x: E, below: E, middle: E, above: E): E {
  const upper = e.selectGreater(x, e.constant(3), above, middle);
  return e.selectGreater(e.constant(-3), x, below, upper);
}

export const [hardSwishOp, hardSwishGradientOp] = activationOps({
  name: "hardSwish",
  stored: {},
  samples: [{}],
  onnx: onnxOp("HardSwish"),
  expression(e, x) {
    const gate = e.add(e.multiply(x, e.constant(1 / 6)), e.constant(0.5));
    return piecewise(e, x, e.constant(0), e.multiply(x, gate), x);
  },
  gradientOf: "input",
  gradient(e, dy, x) {
    const slope = e.add(e.multiply(x, e.constant(1 / 3)), e.constant(0.5));
    return piecewise(e, x, e.constant(0), e.multiply(dy, slope), dy);
  },
});

/**
 * `input · min(max(input + 3, 0), 6) / 6` by element, f32 of any shape (Howard et al.,
 * arXiv:1905.02244); NaN stays NaN. The gradient at -3 is -1/2 and at 3 it is 3/2, as in PyTorch.
 * Matches `torch.nn.functional.hardswish`. Throws InputError for an input that is not f32.
 */
export function hardSwish(input: Operand): Value {
  return apply(hardSwishOp, [input], {})[0];
}
