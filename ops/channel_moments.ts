/** Mean and variance of each channel: the batch statistics of batch normalization. */
import { InputError } from "../errors.ts";
import { apply, type Operand } from "../graph/trace.ts";
import { formatShape, type Op, type Shape, sizeOf, type Value } from "../graph/types.ts";
import { requireFloats } from "./checks.ts";
import { elementwiseOp } from "./elementwise.ts";
import { fill } from "./fill.ts";

/** The number of elements of each channel of a tensor [N, C, …]. */
function channelCount(shape: Shape): number {
  return sizeOf(shape) / shape[1];
}

export const channelMomentsOp: Op = {
  name: "channelMoments",
  inputNames: ["input"],
  infer(inputs) {
    requireFloats("channelMoments", ["input"], inputs);
    const { shape } = inputs[0];
    if (shape.length < 2) {
      throw new InputError(`channelMoments: expected [N, C, …], found shape ${formatShape(shape)}`);
    }
    return [{ shape: [shape[1]], dtype: "f32" }, { shape: [shape[1]], dtype: "f32" }];
  },
  gradient({ inputs: [x], outputs: [mean], outputGradients: [dMean, dVariance] }) {
    const zeros = () => fill(mean.shape, 0);
    return apply(channelMomentsGradientOp, [x, mean, dMean ?? zeros(), dVariance ?? zeros()], {
      count: channelCount(x.shape),
    });
  },
  evaluate([{ shape, data }]) {
    const channels = shape[1];
    const plane = sizeOf(shape.slice(2));
    const count = channelCount(shape);
    const mean = new Float64Array(channels);
    const variance = new Float64Array(channels);
    data.forEach((value, i) => mean[Math.floor(i / plane) % channels] += value / count);
    data.forEach((value, i) => {
      const channel = Math.floor(i / plane) % channels;
      variance[channel] += (value - mean[channel]) ** 2 / count;
    });
    return [mean, variance];
  },
  multiplyAccumulates: () => 0,
  samples: [{ operands: [[2, 3, 4, 4]], attributes: {} }, { operands: [[4, 3]], attributes: {} }],
};

/**
 * The gradient of {@link channelMoments}: (input [N, C, …], mean [C], meanGradient [C],
 * varianceGradient [C]) → `(dMean + 2 · dVariance · (x - mean)) / count`, `count` being the elements
 * per channel.
 */
export const channelMomentsGradientOp = elementwiseOp<{ readonly count: number }>({
  name: "channelMomentsGradient",
  inputNames: ["input", "mean", "meanGradient", "varianceGradient"],
  expression: (e, [x, mean, dMean, dVariance], { count }) => [
    e.add(
      e.multiply(dMean, e.constant(1 / count)),
      e.multiply(e.multiply(dVariance, e.constant(2 / count)), e.subtract(x, mean)),
    ),
  ],
  samples: [{ operands: [[2, 3, 4, 4], [3], [3], [3]], attributes: { count: 32 } }],
});

/**
 * Mean and biased variance (divided by the count) of each channel of `input` [N, C, …] over all
 * other axes, [C] each. Matches `torch.var_mean(x, (0, 2, 3), unbiased=False)`. Throws InputError for an
 * input that is not f32 or has fewer than two axes.
 */
export function channelMoments(input: Operand): { mean: Value; variance: Value } {
  const [mean, variance] = apply(channelMomentsOp, [input], {});
  return { mean, variance };
}
