/** Exponential linear unit. */
import { finite } from "../graph/attribute_rules.ts";
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { activationOps } from "./activation.ts";

/** Options of {@link elu}. */
export interface EluOptions {
  /** Magnitude of the limit towards -infinity; not below 0. Default 1. */
  readonly alpha?: number;
}

export const [eluOp, eluGradientOp] = activationOps<Required<EluOptions>>({
  name: "elu",
  stored: { alpha: finite(0) },
  samples: [{ alpha: 1.3 }],
  onnx: (graph, [x], { attributes: { alpha } }) =>
    graph.node("Elu", [x], { alpha: { float: alpha } }),
  expression(e, x, { alpha }) {
    const zero = e.constant(0), negative = e.minimum(x, zero);
    // exp(x) - 1 in a form that is exact near 0.
    const less = e.multiply(
      e.tanh(e.multiply(negative, e.constant(0.5))),
      e.add(e.exp(negative), e.constant(1)),
    );
    return e.selectGreater(x, zero, x, e.multiply(e.constant(alpha), less));
  },
  gradientOf: "output",
  gradient: (e, dy, y, { alpha }) =>
    e.selectGreater(y, e.constant(0), dy, e.multiply(dy, e.add(y, e.constant(alpha)))),
});

/**
 * `input` above 0, `alpha · (exp(input) - 1)` elsewhere, by element, f32 of any shape (Clevert et al.,
 * arXiv:1511.07289). The gradient at 0 is `alpha`. Matches `torch.nn.functional.elu`. Throws InputError
 * for an input that is not f32 and for an `alpha` below 0.
 */
export function elu(input: Operand, { alpha = 1 }: EluOptions = {}): Value {
  return apply(eluOp, [input], { alpha })[0];
}
