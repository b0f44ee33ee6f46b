/**
 * Normalization by given statistics. Batch normalization is {@link channelNormalize} by the batch's
 * own moments while training and by running statistics afterwards.
 */
import { InputError } from "../errors.ts";
import { finite } from "../graph/attribute_rules.ts";
import { channelwise } from "../graph/linear_map.ts";
import { apply, type Operand } from "../graph/trace.ts";
import { type Arithmetic, type Op, sizeOf, type Value } from "../graph/types.ts";
import { requireFloats, requireShape } from "./checks.ts";
import { elementwiseOp, float64 } from "./elementwise.ts";

export interface ChannelNormalizeAttributes {
  /** Added to the variance. */
  readonly eps: number;
}

interface ChannelNormalizeOptions {
  /** Scale by channel [C]. Default: ones. */
  readonly weight?: Operand;
  /** Shift by channel [C]; needs a weight. Default: zeros. */
  readonly bias?: Operand;
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
}

const VARIANCE = { shape: [3], range: [0.5, 2] } as const;

/** `weight / √(variance + eps)`, the factor by which a channel is stretched. */
function stretch<E>(e: Arithmetic<E>, eps: number, variance: E, weight?: E): E {
  return e.divide(weight ?? e.constant(1), e.squareRoot(e.add(variance, e.constant(eps))));
}

export const channelNormalizeOp = elementwiseOp<ChannelNormalizeAttributes>({
  name: "channelNormalize",
  inputNames: ["input", "mean", "variance", "weight", "bias"],
  inputCount: () => [3, 5],
  stored: { eps: finite(0) },
  onnx(graph, [x, mean, variance, weight, bias], { inputs: [, { shape }], attributes }) {
    const filled = (value: number) =>
      graph.floats(new Float32Array(shape[0]).fill(value), shape, "constant");
    const parameters = [weight ?? filled(1), bias ?? filled(0), mean, variance];
    return graph.node("BatchNormalization", [x, ...parameters], {
      epsilon: { float: attributes.eps },
    });
  },
  spreads: ["channel", "channel", "channel", "channel"],
  expression(e, [x, mean, variance, weight, bias], { eps }) {
    const scaled = e.multiply(e.subtract(x, mean), stretch(e, eps, variance, weight));
    return [bias === undefined ? scaled : e.add(scaled, bias)];
  },
  gradient({ inputs, attributes, outputGradients: [dy], needed }) {
    if (!dy) return [];
    const [x, mean, variance, ...affine] = inputs;
    const weight = affine.slice(0, 1);
    const dx = needed[0]
      ? apply(channelNormalizeInputGradientOp, [dy, variance, ...weight], attributes)[0]
      : undefined;
    if (!needed.slice(1).includes(true)) return [dx];
    const [dWeight, dBias, dMean, dVariance] = apply(
      channelNormalizeReduceOp,
      [dy, x, mean, variance, ...weight],
      attributes,
    );
    return [dx, dMean, dVariance, dWeight, dBias].slice(0, inputs.length);
  },
  linearMap({ shape }, [mean, variance, weight, bias], { eps }) {
    const factors = () =>
      variance.data.map((v, c) => stretch(float64, eps, v, weight && weight.data[c]));
    return {
      ...channelwise(shape[1]),
      weight: factors,
      bias: () => factors().map((f, c) => (0 - mean.data[c]) * f + (bias ? bias.data[c] : 0)),
    };
  },
  samples: [
    { operands: [[2, 3, 4, 4], [3], VARIANCE, [3], [3]], attributes: { eps: 1e-5 } },
    { operands: [[4, 3], [3], VARIANCE], attributes: { eps: 1e-5 } },
  ],
});

/**
 * The gradient of {@link channelNormalize} with respect to its input alone, with fixed statistics:
 * (outputGradient, variance [C], weight? [C]) → `dy · weight / √(variance + eps)`.
 */
export const channelNormalizeInputGradientOp = elementwiseOp<ChannelNormalizeAttributes>({
  name: "channelNormalizeInputGradient",
  inputNames: ["outputGradient", "variance", "weight"],
  inputCount: () => [2, 3],
  expression: (e, [dy, variance, weight], { eps }) => [
    e.multiply(dy, stretch(e, eps, variance, weight)),
  ],
  samples: [{ operands: [[2, 3, 4, 4], VARIANCE, [3]], attributes: { eps: 1e-5 } }],
});

/**
 * The gradients of {@link channelNormalize} with respect to everything that has one number per
 * channel: (outputGradient, input, mean [C], variance [C], weight? [C]) → weightGradient,
 * biasGradient, meanGradient, varianceGradient, [C] each. With `r = 1 / √(variance + eps)`:
 * `dBias = Σ dy`, `dWeight = r · Σ dy · (x - mean)`, `dMean = -weight · r · dBias`,
 * `dVariance = -½ · weight · r² · dWeight`.
 */
export const channelNormalizeReduceOp: Op<ChannelNormalizeAttributes> = {
  name: "channelNormalizeReduce",
  inputNames: ["outputGradient", "input", "mean", "variance", "weight"],
  inputCount: () => [4, 5],
  infer(inputs) {
    requireFloats("channelNormalizeReduce", channelNormalizeReduceOp.inputNames, inputs);
    const [dy, x, ...perChannel] = inputs;
    requireShape("channelNormalizeReduce", "outputGradient", dy.shape, x.shape);
    const shape = [x.shape[1]];
    const names = channelNormalizeReduceOp.inputNames.slice(2);
    perChannel.forEach((input, i) =>
      requireShape("channelNormalizeReduce", names[i], input.shape, shape)
    );
    return Array.from({ length: 4 }, () => ({ shape, dtype: "f32" }));
  },
  evaluate([dy, x, mean, variance, weight], { eps }) {
    const channels = mean.data.length;
    const plane = sizeOf(x.shape.slice(2));
    const dWeight = new Float64Array(channels);
    const dBias = new Float64Array(channels);
    const root = variance.data.map((value) => 1 / Math.sqrt(value + eps));
    dy.data.forEach((value, i) => {
      const channel = Math.floor(i / plane) % channels;
      dBias[channel] += value;
      dWeight[channel] += value * (x.data[i] - mean.data[channel]) * root[channel];
    });
    const scaled = root.map((value, channel) => value * (weight ? weight.data[channel] : 1));
    return [
      dWeight,
      dBias,
      dBias.map((value, channel) => -scaled[channel] * value),
      dWeight.map((value, channel) => -0.5 * scaled[channel] * root[channel] * value),
    ];
  },
  multiplyAccumulates: () => 0,
  samples: [{
    operands: [[2, 3, 4, 4], [2, 3, 4, 4], [3], VARIANCE, [3]],
    attributes: { eps: 1e-5 },
  }],
};

/**
 * `(input - mean) / √(variance + eps) · weight + bias` with one number of each a channel:
 * `input` [N, C, …], `mean` and `variance` [C]. Matches `torch.nn.functional.batch_norm` in
 * evaluation mode, and in training mode when given the moments of `input`.
 * Throws InputError where shapes do not fit, or for a bias without a weight.
 */
export function channelNormalize(
  input: Operand,
  mean: Operand,
  variance: Operand,
  { weight, bias, eps = 1e-5 }: ChannelNormalizeOptions = {},
): Value {
  if (bias && !weight) {
    throw new InputError("channelNormalize: a bias needs a weight beside it");
  }
  const perChannel = [mean, variance, weight, bias].filter((operand) => operand !== undefined);
  return apply(channelNormalizeOp, [input, ...perChannel], { eps })[0];
}
