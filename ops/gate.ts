/** Channels of each image times one number each, as in squeeze-and-excitation. */
import { onnxOp } from "../graph/onnx_nodes.ts";
import { apply, type Operand } from "../graph/trace.ts";
import type { Op, Value } from "../graph/types.ts";
import { requireFloats, requireRank, requireShape } from "./checks.ts";
import { globalAvgPool2d } from "./global_avg_pool2d.ts";
import { multiply } from "./multiply.ts";
import { scale } from "./scale.ts";

const INPUT_NAMES = ["input", "gates"];

export const gateOp: Op = {
  name: "gate",
  inputNames: INPUT_NAMES,
  inference: { attributes: {}, onnx: onnxOp("Mul") },
  infer(inputs) {
    requireFloats("gate", INPUT_NAMES, inputs);
    const [{ shape }, gates] = inputs;
    requireRank("gate", "input", shape, 4, "[batch, channels, height, width]");
    requireShape("gate", "gates", gates.shape, [shape[0], shape[1], 1, 1]);
    return [{ shape, dtype: "f32" }];
  },
  gradient({ inputs: [x, gates], outputGradients: [dy], needed }) {
    if (!dy) return [];
    const sums = () => scale(globalAvgPool2d(multiply(dy, x)), x.shape[2] * x.shape[3]);
    return [needed[0] ? gate(dy, gates) : undefined, needed[1] ? sums() : undefined];
  },
  evaluate([{ shape, data }, gates]) {
    const plane = shape[2] * shape[3];
    return [data.map((value, i) => value * gates.data[Math.floor(i / plane)])];
  },
  multiplyAccumulates: () => 0,
  samples: [{ operands: [[2, 3, 4, 4], [2, 3, 1, 1]], attributes: {} }],
};

/**
 * `input` [N, C, H, W] times `gates` [N, C, 1, 1], one number per channel and image. Matches
 * `torch.mul`. Throws InputError where shapes do not fit.
 */
export function gate(input: Operand, gates: Operand): Value {
  return apply(gateOp, [input, gates], {})[0];
}
