/** Rectified linear unit with a trained slope below 0. */
import { apply, type Operand, toValue } from "../graph/trace.ts";
import { sameShape, type Value } from "../graph/types.ts";
import { channelSum } from "./channel_sum.ts";
import { aligned, elementwiseOp } from "./elementwise.ts";
import { reshape } from "./reshape.ts";
import { sum } from "./sum.ts";

/** The op of {@link prelu}; its slope is a scalar or one number per channel. */
export const preluOp = elementwiseOp({
  name: "prelu",
  inputNames: ["input", "weight"],
  stored: {},
  onnx: (graph, inputs, node) => graph.node("PRelu", aligned(graph, inputs, node)),
  expression: (e, [x, slope]) => [e.selectGreater(x, e.constant(0), x, e.multiply(x, slope))],
  gradient({ inputs: [x, slope], outputGradients: [dy], needed }) {
    if (!dy) return [];
    const total = slope.shape.length === 0 ? sum : channelSum;
    return [
      needed[0] ? apply(preluGradientOp, [dy, x, slope], {})[0] : undefined,
      needed[1] ? total(apply(preluSlopeGradientOp, [dy, x], {})[0]) : undefined,
    ];
  },
  samples: [{ operands: [[2, 3, 4, 4], [3]], attributes: {} }, {
    operands: [[3, 5], []],
    attributes: {},
  }],
});

/** (outputGradient, input, weight) → the gradient of {@link prelu} with respect to its input. */
export const preluGradientOp = elementwiseOp({
  name: "preluGradient",
  inputNames: ["outputGradient", "input", "weight"],
  spreads: ["full"],
  expression: (e, [dy, x, slope]) => [
    e.selectGreater(x, e.constant(0), dy, e.multiply(dy, slope)),
  ],
  samples: [{ operands: [[2, 3, 4, 4], [2, 3, 4, 4], [3]], attributes: {} }],
});

/**
 * (outputGradient, input) → each element's contribution to the gradient of {@link prelu} with
 * respect to its slope.
 */
export const preluSlopeGradientOp = elementwiseOp({
  name: "preluSlopeGradient",
  inputNames: ["outputGradient", "input"],
  spreads: ["full"],
  expression: (e, [dy, x]) => {
    const zero = e.constant(0);
    return [e.selectGreater(x, zero, zero, e.multiply(dy, x))];
  },
  samples: [{ operands: [[2, 3], [2, 3]], attributes: {} }],
});

/**
 * `input` above 0, `weight · input` elsewhere, by element (He et al., arXiv:1502.01852). `input` is
 * f32 [N, C, …], `weight` [C], or [1] for all channels, and then `input` may have any shape. The
 * gradient at 0 is the slope. Matches `torch.nn.functional.prelu`. Throws InputError where shapes
 * do not fit.
 */
export function prelu(input: Operand, weight: Operand): Value {
  const slope = toValue(weight);
  return apply(preluOp, [input, sameShape(slope.shape, [1]) ? reshape(slope, []) : slope], {})[0];
}
