/** Rectified linear unit with a slope below 0. */
import { finite } from "../graph/attribute_rules.ts";
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { activationOps } from "./activation.ts";

/** Options of {@link leakyRelu}. */
export interface LeakyReluOptions {
  /** Factor below 0, itself not below 0. Default 0.01. */
  readonly negativeSlope?: number;
}

export const [leakyReluOp, leakyReluGradientOp] = activationOps<Required<LeakyReluOptions>>({
  name: "leakyRelu",
  stored: { negativeSlope: finite(0) },
  samples: [{ negativeSlope: 0.01 }],
  onnx: (graph, [x], { attributes: { negativeSlope } }) =>
    graph.node("LeakyRelu", [x], { alpha: { float: negativeSlope } }),
  expression: (e, x, { negativeSlope }) =>
    e.selectGreater(x, e.constant(0), x, e.multiply(x, e.constant(negativeSlope))),
  gradientOf: "output",
  gradient: (e, dy, y, { negativeSlope }) =>
    e.selectGreater(y, e.constant(0), dy, e.multiply(dy, e.constant(negativeSlope))),
});

/**
 * `input` above 0, `negativeSlope · input` elsewhere, by element, f32 of any shape. The gradient at 0
 * is the slope. Matches `torch.nn.functional.leaky_relu`. Throws InputError for an input that is not
 * f32 and for a slope below 0.
 */
export function leakyRelu(input: Operand, { negativeSlope = 0.01 }: LeakyReluOptions = {}): Value {
  return apply(leakyReluOp, [input], { negativeSlope })[0];
}
