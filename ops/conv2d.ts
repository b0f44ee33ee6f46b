/** Two-dimensional convolution and its gradients. */
import { oneOf, pairOf, whole } from "../graph/attribute_rules.ts";
import { apply, type Operand } from "../graph/trace.ts";
import {
  type Op,
  type Sample,
  type Shape,
  sizeOf,
  type TensorType,
  type Value,
} from "../graph/types.ts";
import { requireFloats, requireShape } from "./checks.ts";
import { channelSum } from "./channel_sum.ts";
import {
  type ConvolutionAttributes,
  convolutionGeometry,
  convolutionShapes,
  PADDING_MODES,
  type PaddingMode,
  type Pair,
} from "./convolution_geometry.ts";
import { sumProducts, sumWeightGradient } from "./convolution_sums.ts";
import { onnxConvolution } from "./onnx_convolution.ts";

/** Options of {@link conv2d}; PyTorch's names and defaults. */
export interface Conv2dOptions {
  /** Default 1. */
  readonly stride?: number | Pair;
  /** Default 0. */
  readonly padding?: number | Pair;
  /** Default 1. */
  readonly dilation?: number | Pair;
  /** Default 1. */
  readonly groups?: number;
  /** Default `zeros`. */
  readonly paddingMode?: PaddingMode;
}

/** One number for both axes, or one per axis. */
export function pair(value: number | Pair): Pair {
  return typeof value === "number" ? [value, value] : value;
}

export interface InputGradientAttributes extends ConvolutionAttributes {
  readonly inputShape: Shape;
}

export interface WeightGradientAttributes extends ConvolutionAttributes {
  readonly weightShape: Shape;
}

const PLAIN: ConvolutionAttributes = {
  stride: [1, 1],
  padding: [0, 0],
  dilation: [1, 1],
  groups: 1,
  paddingMode: "zeros",
};

export const conv2dOp: Op<ConvolutionAttributes> = {
  name: "conv2d",
  inputNames: ["input", "weight", "bias"],
  inputCount: () => [2, 3],
  inference: {
    attributes: {
      stride: pairOf(1),
      padding: pairOf(0),
      dilation: pairOf(1),
      groups: whole(1),
      paddingMode: oneOf(PADDING_MODES),
    },
    onnx: onnxConvolution,
  },
  infer(inputs, attributes) {
    requireFloats("conv2d", ["input", "weight", "bias"], inputs);
    const [input, weight, bias] = inputs;
    const geometry = convolutionGeometry(input.shape, weight.shape, attributes);
    if (bias) requireShape("conv2d", "bias", bias.shape, [geometry.outChannels]);
    return [{ shape: convolutionShapes(geometry).output, dtype: "f32" }];
  },
  gradient({ inputs: [input, weight, bias], attributes, outputGradients: [dy], needed }) {
    if (!dy) return [];
    return [
      needed[0]
        ? apply(conv2dInputGradientOp, [dy, weight], { ...attributes, inputShape: input.shape })[0]
        : undefined,
      needed[1]
        ? apply(conv2dWeightGradientOp, [input, dy], {
          ...attributes,
          weightShape: weight.shape,
        })[0]
        : undefined,
      bias && needed[2] ? channelSum(dy) : undefined,
    ];
  },
  evaluate([input, weight, bias], attributes, [type]) {
    const geometry = convolutionGeometry(input.shape, weight.shape, attributes);
    const output = new Float64Array(sizeOf(type.shape));
    const plane = sizeOf(type.shape.slice(2));
    if (bias) {
      output.forEach((_, i) => output[i] = bias.data[Math.floor(i / plane) % bias.data.length]);
    }
    sumProducts(geometry, "output", input.data, weight.data, output);
    return [output];
  },
  multiplyAccumulates: ([, weight], [output]) => sizeOf(output.shape) * perOutputChannel(weight),
  linearMap({ shape: [, inChannels] }, [weight, bias], attributes) {
    const [outChannels, , height, width] = weight.shape;
    return {
      ...attributes,
      inChannels,
      outChannels,
      kernelSize: [height, width],
      weight: () => weight.data,
      ...(bias ? { bias: () => bias.data } : {}),
    };
  },
  samples: [
    { operands: [[1, 2, 6, 6], [3, 2, 3, 3], [3]], attributes: PLAIN },
    {
      operands: [[2, 2, 5, 4], [3, 2, 3, 2], [3]],
      attributes: { ...PLAIN, stride: [2, 1], padding: [1, 0] },
    },
    ...PADDING_MODES.map((paddingMode): Sample<ConvolutionAttributes> => ({
      operands: [[1, 4, 5, 6], [6, 2, 3, 3]],
      attributes: { stride: [1, 1], padding: [2, 2], dilation: [1, 2], groups: 2, paddingMode },
    })),
  ],
};

/** Elements of a kernel [O, I/groups, kH, kW] that one output element uses. */
function perOutputChannel({ shape }: TensorType): number {
  return sizeOf(shape.slice(1));
}

/**
 * The gradient of {@link conv2d} with respect to its input: (dy [N, O, oH, oW], weight) → [N, C, H,
 * W].
 */
export const conv2dInputGradientOp: Op<InputGradientAttributes> = {
  name: "conv2dInputGradient",
  inputNames: ["outputGradient", "weight"],
  infer(inputs, attributes) {
    requireFloats("conv2dInputGradient", ["outputGradient", "weight"], inputs);
    const [dy, weight] = inputs;
    const { inputShape } = attributes;
    const { output } = convolutionShapes(convolutionGeometry(inputShape, weight.shape, attributes));
    requireShape("conv2dInputGradient", "outputGradient", dy.shape, output);
    return [{ shape: inputShape, dtype: "f32" }];
  },
  evaluate([dy, weight], attributes) {
    const geometry = convolutionGeometry(attributes.inputShape, weight.shape, attributes);
    const dx = new Float64Array(sizeOf(attributes.inputShape));
    sumProducts(geometry, "input", dy.data, weight.data, dx);
    return [dx];
  },
  multiplyAccumulates: ([dy, weight]) => sizeOf(dy.shape) * perOutputChannel(weight),
  samples: [{
    operands: [[1, 3, 4, 4], [3, 2, 3, 3]],
    attributes: { ...PLAIN, inputShape: [1, 2, 6, 6] },
  }],
};

/**
 * The gradient of {@link conv2d} with respect to its weight: (input, dy) → [O, C/groups, kH, kW].
 */
export const conv2dWeightGradientOp: Op<WeightGradientAttributes> = {
  name: "conv2dWeightGradient",
  inputNames: ["input", "outputGradient"],
  infer(inputs, attributes) {
    requireFloats("conv2dWeightGradient", ["input", "outputGradient"], inputs);
    const [input, dy] = inputs;
    const { weightShape } = attributes;
    const { output } = convolutionShapes(convolutionGeometry(input.shape, weightShape, attributes));
    requireShape("conv2dWeightGradient", "outputGradient", dy.shape, output);
    return [{ shape: weightShape, dtype: "f32" }];
  },
  evaluate([input, dy], attributes) {
    const geometry = convolutionGeometry(input.shape, attributes.weightShape, attributes);
    const dw = new Float64Array(sizeOf(attributes.weightShape));
    sumWeightGradient(geometry, input.data, dy.data, dw);
    return [dw];
  },
  multiplyAccumulates: ([, dy], [dw]) => sizeOf(dy.shape) * perOutputChannel(dw),
  samples: [{
    operands: [[1, 2, 6, 6], [1, 3, 4, 4]],
    attributes: { ...PLAIN, weightShape: [3, 2, 3, 3] },
  }],
};

/**
 * Convolution of `input` [N, C, H, W] with `weight` [O, C/groups, kH, kW] and an optional `bias`
 * [O]; gives [N, O, oH, oW] with `oH = ⌊(H + 2·padding − dilation·(kH − 1) − 1) / stride⌋ + 1`.
 * Matches `torch.nn.functional.conv2d`, after `torch.nn.functional.pad` for padding modes other
 * than `zeros`. Throws InputError where shapes or options do not fit.
 */
export function conv2d(
  input: Operand,
  weight: Operand,
  bias?: Operand,
  options: Conv2dOptions = {},
): Value {
  const attributes: ConvolutionAttributes = {
    stride: pair(options.stride ?? 1),
    padding: pair(options.padding ?? 0),
    dilation: pair(options.dilation ?? 1),
    groups: options.groups ?? 1,
    paddingMode: options.paddingMode ?? "zeros",
  };
  return apply(conv2dOp, bias ? [input, weight, bias] : [input, weight], attributes)[0];
}
