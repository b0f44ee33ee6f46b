/** Mean of each channel of each image. */
import { onnxOp } from "../graph/onnx_nodes.ts";
import { apply, type Operand } from "../graph/trace.ts";
import { type Op, type Shape, sizeOf, type Value } from "../graph/types.ts";
import { requireFloats, requireRank, requireShape } from "./checks.ts";

export const globalAvgPool2dOp: Op = {
  name: "globalAvgPool2d",
  inputNames: ["input"],
  inference: { attributes: {}, onnx: onnxOp("GlobalAveragePool") },
  infer(inputs) {
    requireFloats("globalAvgPool2d", ["input"], inputs);
    const { shape } = inputs[0];
    requireRank("globalAvgPool2d", "input", shape, 4, "[batch, channels, height, width]");
    return [{ shape: [shape[0], shape[1], 1, 1], dtype: "f32" }];
  },
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [
    dy && apply(globalAvgPool2dGradientOp, [dy], { inputShape: x.shape })[0],
  ],
  evaluate([{ shape, data }]) {
    const plane = shape[2] * shape[3];
    const output = new Float64Array(shape[0] * shape[1]);
    data.forEach((value, i) => output[Math.floor(i / plane)] += value / plane);
    return [output];
  },
  multiplyAccumulates: () => 0,
  samples: [{ operands: [[2, 3, 4, 4]], attributes: {} }],
};

/** The gradient of {@link globalAvgPool2d}: outputGradient [N, C, 1, 1] → [N, C, H, W]. */
export const globalAvgPool2dGradientOp: Op<{ readonly inputShape: Shape }> = {
  name: "globalAvgPool2dGradient",
  inputNames: ["outputGradient"],
  infer(inputs, { inputShape }) {
    const [dy] = inputs;
    requireFloats("globalAvgPool2dGradient", ["outputGradient"], inputs);
    requireRank("globalAvgPool2dGradient", "inputShape", inputShape, 4, "four axes");
    const pooled = [...inputShape.slice(0, 2), 1, 1];
    requireShape("globalAvgPool2dGradient", "outputGradient", dy.shape, pooled);
    return [{ shape: inputShape, dtype: "f32" }];
  },
  evaluate([dy], { inputShape }) {
    const plane = inputShape[2] * inputShape[3];
    return [
      new Float64Array(sizeOf(inputShape)).map((_, i) => dy.data[Math.floor(i / plane)] / plane),
    ];
  },
  multiplyAccumulates: () => 0,
  samples: [{ operands: [[2, 3, 1, 1]], attributes: { inputShape: [2, 3, 4, 4] } }],
};

/**
 * The mean over height and width of `input` [N, C, H, W]: [N, C, 1, 1]. Matches
 * `torch.nn.functional.adaptive_avg_pool2d(x, 1)`. Throws InputError for an input without four axes.
 */
export function globalAvgPool2d(input: Operand): Value {
  return apply(globalAvgPool2dOp, [input], {})[0];
}
