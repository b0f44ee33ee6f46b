/** Fully connected layer. */
import { InputError } from "../errors.ts";
import { channelwise } from "../graph/linear_map.ts";
import { onnxOp } from "../graph/onnx_nodes.ts";
import { apply, type Operand } from "../graph/trace.ts";
import { formatShape, type Op, sizeOf, type Value } from "../graph/types.ts";
import { channelSum } from "./channel_sum.ts";
import { requireFloats, requireRank, requireShape } from "./checks.ts";
import { matmul } from "./matmul.ts";

export const linearOp: Op = {
  name: "linear",
  inputNames: ["input", "weight", "bias"],
  inputCount: () => [2, 3],
  inference: { attributes: {}, onnx: onnxOp("Gemm", { transB: 1 }) },
  infer(inputs) {
    requireFloats("linear", linearOp.inputNames, inputs);
    const [input, weight, bias] = inputs;
    requireRank("linear", "input", input.shape, 2, "[batch, features]; flatten it first");
    requireRank("linear", "weight", weight.shape, 2, "[outFeatures, inFeatures]");
    const [outFeatures, inFeatures] = weight.shape;
    if (input.shape[1] !== inFeatures) {
      throw new InputError(
        `linear: weight ${formatShape(weight.shape)} expects ${inFeatures} features, found ` +
          `${input.shape[1]} in the input ${formatShape(input.shape)}`,
      );
    }
    if (bias) requireShape("linear", "bias", bias.shape, [outFeatures]);
    return [{ shape: [input.shape[0], outFeatures], dtype: "f32" }];
  },
  gradient({ inputs: [input, weight], outputGradients: [dy], needed }) {
    if (!dy) return [];
    return [
      needed[0] ? matmul(dy, weight) : undefined,
      needed[1] ? matmul(dy, input, { transposeA: true }) : undefined,
      needed[2] ? channelSum(dy) : undefined,
    ];
  },
  evaluate([input, weight, bias]) {
    const [batch, inFeatures] = input.shape;
    const [outFeatures] = weight.shape;
    const output = new Float64Array(batch * outFeatures);
    for (let n = 0; n < batch; n++) {
      for (let o = 0; o < outFeatures; o++) {
        let total = bias ? bias.data[o] : 0;
        for (let i = 0; i < inFeatures; i++) {
          total += input.data[n * inFeatures + i] * weight.data[o * inFeatures + i];
        }
        output[n * outFeatures + o] = total;
      }
    }
    return [output];
  },
  multiplyAccumulates: ([, weight], [output]) => sizeOf(output.shape) * weight.shape[1],
  linearMap({ shape: [, inChannels] }, [weight, bias]) {
    return {
      ...channelwise(inChannels),
      outChannels: weight.shape[0],
      groups: 1,
      weight: () => weight.data,
      ...(bias ? { bias: () => bias.data } : {}),
    };
  },
  samples: [{ operands: [[2, 3], [4, 3], [4]], attributes: {} }, {
    operands: [[2, 3], [4, 3]],
    attributes: {},
  }],
};

/**
 * `input · weightᵀ + bias`: `input` [N, I], `weight` [O, I], `bias` [O], result [N, O]. Matches
 * `torch.nn.functional.linear` on matrices. Throws InputError where the shapes do not fit.
 */
export function linear(input: Operand, weight: Operand, bias?: Operand): Value {
  return apply(linearOp, bias ? [input, weight, bias] : [input, weight], {})[0];
}
