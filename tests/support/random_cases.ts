/** Random applications of every family of ops, the same for equal seeds. */
import { RandomStream, STREAM } from "../../graph/random.ts";
import { type Shape, sizeOf, type Value } from "../../graph/types.ts";
import { adamUpdate } from "../../ops/adam_update.ts";
import { adaptiveAvgPool2d } from "../../ops/adaptive_avg_pool2d.ts";
import { add } from "../../ops/add.ts";
import { addBias } from "../../ops/add_bias.ts";
import { preprocess } from "../../ops/preprocess.ts";
import { avgPool2d } from "../../ops/avg_pool2d.ts";
import { binaryCrossEntropyWithLogits } from "../../ops/binary_cross_entropy_with_logits.ts";
import { binaryOutcomes } from "../../ops/binary_outcomes.ts";
import { channelMoments } from "../../ops/channel_moments.ts";
import { channelNormalize } from "../../ops/channel_normalize.ts";
import { channelAffine } from "../../ops/channel_affine.ts";
import { channelScale } from "../../ops/channel_scale.ts";
import { channelShuffle } from "../../ops/channel_shuffle.ts";
import { concat, split } from "../../ops/concat.ts";
import { channelSum } from "../../ops/channel_sum.ts";
import { clipByValue } from "../../ops/clip_by_value.ts";
import { clipFactor } from "../../ops/clip_factor.ts";
import { composeKernel } from "../../ops/compose_kernel.ts";
import { conv2d } from "../../ops/conv2d.ts";
import { countCorrect } from "../../ops/count_correct.ts";
import { detach } from "../../ops/detach.ts";
import { divideScalar } from "../../ops/divide_scalar.ts";
import { dropoutMask } from "../../ops/dropout_mask.ts";
import { elu } from "../../ops/elu.ts";
import { erase } from "../../ops/erase.ts";
import { fill } from "../../ops/fill.ts";
import { gate } from "../../ops/gate.ts";
import { gelu } from "../../ops/gelu.ts";
import { globalAvgPool2d } from "../../ops/global_avg_pool2d.ts";
import { hardSigmoid } from "../../ops/hard_sigmoid.ts";
import { hardSwish } from "../../ops/hard_swish.ts";
import { leakyRelu } from "../../ops/leaky_relu.ts";
import { linear } from "../../ops/linear.ts";
import { matmul } from "../../ops/matmul.ts";
import { maxPool2d } from "../../ops/max_pool2d.ts";
import { maximumMagnitude } from "../../ops/maximum_magnitude.ts";
import { mish } from "../../ops/mish.ts";
import { mix } from "../../ops/mix.ts";
import { movingAverage } from "../../ops/moving_average.ts";
import { multiply } from "../../ops/multiply.ts";
import { multiplyScalar } from "../../ops/multiply_scalar.ts";
import { pack } from "../../ops/pack.ts";
import { prelu } from "../../ops/prelu.ts";
import { relu } from "../../ops/relu.ts";
import { relu6 } from "../../ops/relu6.ts";
import { reshape } from "../../ops/reshape.ts";
import { rmspropUpdate } from "../../ops/rmsprop_update.ts";
import { groupNorm, layerNorm2d } from "../../ops/row_normalize.ts";
import { scale } from "../../ops/scale.ts";
import { segmentSumSquares } from "../../ops/segment_sum_squares.ts";
import { sgdUpdate } from "../../ops/sgd_update.ts";
import { sigmoid } from "../../ops/sigmoid.ts";
import { silu } from "../../ops/silu.ts";
import { slice } from "../../ops/slice.ts";
import { logSoftmax, softmax } from "../../ops/softmax.ts";
import { softmaxCrossEntropy } from "../../ops/softmax_cross_entropy.ts";
import { softplus } from "../../ops/softplus.ts";
import { subtract } from "../../ops/subtract.ts";
import { sum } from "../../ops/sum.ts";
import { sumMagnitudes } from "../../ops/sum_magnitudes.ts";
import { sumSquares } from "../../ops/sum_squares.ts";
import { tanh } from "../../ops/tanh.ts";
import { updateLossScale } from "../../ops/update_loss_scale.ts";
import { whereFinite } from "../../ops/where_finite.ts";
import type { InputTensor } from "./run.ts";

/** Inputs and the computation on them. */
export interface RandomCase {
  readonly inputs: readonly InputTensor[];
  /** Applies the ops to the inputs. */
  readonly build: (values: Value[]) => Value[];
  /** Whether gradients with respect to all f32 inputs are computed too. */
  readonly differentiable?: boolean;
}

/** Draws shapes, options and numbers. */
export class Draw {
  readonly #random: RandomStream;

  /** Equal seeds draw the same. */
  constructor(seed: number) {
    this.#random = new RandomStream({ seed, stream: STREAM.synthetic });
  }

  /** An integer from `least` to `most`. */
  whole(least: number, most: number): number {
    return least + this.#random.integer(most - least + 1);
  }

  /** One of the choices. */
  one<T>(...choices: readonly T[]): T {
    return choices[this.whole(0, choices.length - 1)];
  }

  /** Two integers from `least` to `most`. */
  pair(least: number, most: number): readonly [number, number] {
    return [this.whole(least, most), this.whole(least, most)];
  }

  /** Floats between `least` and `most`. */
  floats(shape: Shape, least = -1, most = 1): InputTensor {
    const uniform = () => least + (most - least) * this.#random.uniform();
    return { shape, data: Float32Array.from({ length: sizeOf(shape) }, uniform) };
  }

  /** Labels below `classes`, some of them -1. */
  labels(count: number, classes: number): InputTensor {
    return {
      shape: [count],
      data: Int32Array.from({ length: count }, () => this.whole(-1, classes - 1)),
    };
  }

  /** The shape of images. */
  images(channels = this.whole(1, 20)): number[] {
    return [this.whole(1, 3), channels, ...this.pair(4, 11)];
  }

  /** A shape of one to four axes. */
  shape(): number[] {
    return Array.from({ length: this.whole(1, 4) }, () => this.whole(1, 7));
  }
}

/** The families by name. Together they use every op; see `tests/ops/random_test.ts`. */
export const FAMILIES: Readonly<Record<string, (draw: Draw) => RandomCase>> = {
  "elementwise ops"(draw) {
    const shape = draw.shape();
    return {
      inputs: [draw.floats(shape), draw.floats(shape), draw.floats([])],
      build: ([a, b, s]) => [
        relu(add(scale(a, -1.5), tanh(b))),
        multiplyScalar(subtract(a, multiply(b, b)), s),
      ],
      differentiable: true,
    };
  },
  "activations"(draw) {
    const shape = draw.images();
    const approximate = draw.one("none", "tanh");
    return {
      inputs: [draw.floats(shape, -9, 9), draw.floats([draw.one(1, shape[1])])],
      build: ([x, slope]) => [
        relu6(x),
        leakyRelu(x, { negativeSlope: 0.2 }),
        prelu(x, slope),
        elu(x),
        softplus(x, { beta: 2 }),
        sigmoid(x),
        silu(x),
        hardSigmoid(x),
        hardSwish(x),
        gelu(x, { approximate }),
        mish(x),
      ],
      differentiable: true,
    };
  },
  "convolutions"(draw) {
    const groups = draw.one(1, 1, 2, 4);
    const groupIn = draw.whole(1, 9), outChannels = groups * draw.whole(1, 9);
    const input = draw.images(groups * groupIn);
    const dilation = draw.one(1, 1, 2);
    const options = {
      stride: draw.pair(1, 3),
      padding: draw.pair(0, 3),
      dilation,
      groups,
      paddingMode: draw.one("zeros", "zeros", "reflect", "replicate", "circular"),
    } as const;
    const kernel = [outChannels, groupIn, ...draw.pair(1, dilation === 1 ? 4 : 2)];
    return {
      inputs: [draw.floats(input), draw.floats(kernel), draw.floats([outChannels])],
      build: ([x, weight, bias]) => [conv2d(x, weight, bias, options)],
      differentiable: true,
    };
  },
  "kernel composition"(draw) {
    const groups = draw.one(1, 2, 3);
    const kernelSize = draw.pair(1, 3);
    const area = kernelSize[0] * kernelSize[1];
    const groupIn = draw.whole(1, 5), outChannels = groups * draw.whole(1, 5);
    const multiplier = area + draw.whole(0, area + 3);
    const options = { kernelSize, groups, pairing: draw.one("paper", "authors") } as const;
    return {
      inputs: [
        draw.floats([outChannels, groupIn, multiplier]),
        draw.floats([groups * groupIn, area, multiplier]),
      ],
      build: ([w, d]) => [composeKernel(w, d, options)],
      differentiable: true,
    };
  },
  "pools"(draw) {
    const kernelSize = draw.pair(1, 3);
    const options = {
      kernelSize,
      stride: draw.pair(1, 3),
      padding: [draw.whole(0, kernelSize[0] >> 1), draw.whole(0, kernelSize[1] >> 1)],
      ceilMode: draw.one(false, true),
    } as const;
    const countIncludePad = draw.one(false, true);
    return {
      inputs: [draw.floats(draw.images())],
      build: ([x]) => [
        maxPool2d(x, options).output,
        avgPool2d(x, { ...options, countIncludePad }),
        globalAvgPool2d(x),
      ],
      differentiable: true,
    };
  },
  "adaptive pools"(draw) {
    const outputSize = draw.pair(1, 13);
    return {
      inputs: [draw.floats(draw.images())],
      build: ([x]) => [adaptiveAvgPool2d(x, outputSize)],
      differentiable: true,
    };
  },
  "factors of channels"(draw) {
    const shape = draw.images();
    const [batch, channels] = shape;
    return {
      inputs: [draw.floats(shape), draw.floats([batch, channels, 1, 1]), draw.floats([channels])],
      build: ([x, gates, weight]) => [gate(x, gates), channelScale(x, weight)],
      differentiable: true,
    };
  },
  "moved channels"(draw) {
    const [batch, first, ...rest] = draw.one(draw.images(draw.whole(1, 90)), [
      3,
      draw.whole(1, 20),
    ]);
    const second = draw.one(draw.whole(1, 20), 4 * draw.whole(1, 5));
    const groups = draw.one(1, 2, 3);
    return {
      inputs: [draw.floats([batch, first, ...rest]), draw.floats([batch, second, ...rest])],
      build([a, b]) {
        const joined = concat([a, b]);
        const repeated = concat(Array(groups).fill(b));
        return [joined, ...split(joined, [second, first]), channelShuffle(repeated, groups)];
      },
      differentiable: true,
    };
  },
  "normalization"(draw) {
    const shape = draw.images();
    const mean = draw.one(0, 30);
    return {
      inputs: [
        draw.floats(shape, mean - 1, mean + 1),
        draw.floats([shape[1]]),
        draw.floats([shape[1]]),
      ],
      build([x, weight, bias]) {
        const { mean, variance } = channelMoments(x);
        return [channelNormalize(x, mean, variance, { weight, bias, eps: 1e-3 }), mean];
      },
      differentiable: true,
    };
  },
  "normalization of images"(draw) {
    const groups = draw.whole(1, 3);
    const shape = draw.images(groups * draw.whole(1, 30));
    const mean = draw.one(0, 30);
    return {
      inputs: [
        draw.floats(shape, mean - 1, mean + 1),
        draw.floats([shape[1]]),
        draw.floats([shape[1]]),
      ],
      build: ([x, weight, bias]) => [
        layerNorm2d(x, { affine: { weight, bias }, eps: 1e-3 }),
        channelAffine(groupNorm(x, groups, { eps: 1e-3 }), weight, bias),
      ],
      differentiable: true,
    };
  },
  "matrix products"(draw) {
    const [rows, inner, columns] = [draw.whole(1, 40), draw.whole(1, 40), draw.whole(1, 40)];
    const transposeA = draw.one(false, true), transposeB = draw.one(false, true);
    return {
      inputs: [
        draw.floats(transposeA ? [inner, rows] : [rows, inner]),
        draw.floats(transposeB ? [columns, inner] : [inner, columns]),
        draw.floats([draw.whole(1, 12), columns]),
        draw.floats([1]),
      ],
      build([a, b, weight, bias]) {
        const product = matmul(a, b, { transposeA, transposeB });
        const features = weight.shape[0];
        return [
          linear(product, weight, pack(Array(features).fill(bias), range(features), features)),
        ];
      },
      differentiable: true,
    };
  },
  "losses"(draw) {
    const [batch, classes] = [draw.whole(2, 9), draw.whole(2, 40)];
    const labelSmoothing = draw.one(0, 0.1);
    const reduction = draw.one("mean", "sum", "none");
    const labels = draw.labels(batch, classes);
    labels.data[0] = 0;
    const isWeighted = draw.one(false, true);
    return {
      inputs: [
        draw.floats([batch, classes], -5, 5),
        labels,
        draw.floats([classes], 0.5, 3),
      ],
      build: ([logits, target, weight]) => [
        softmaxCrossEntropy(logits, target, {
          labelSmoothing,
          reduction,
          ...(isWeighted ? { weight } : {}),
        }),
        softmax(logits),
        logSoftmax(logits),
      ],
      differentiable: true,
    };
  },
  "losses of decisions"(draw) {
    const shape = [draw.whole(1, 20), draw.whole(1, 30)];
    const reduction = draw.one("mean", "sum", "none");
    const positiveWeight = draw.one(false, true);
    return {
      inputs: [
        draw.floats(shape, -9, 9),
        { shape, data: Float32Array.from({ length: sizeOf(shape) }, () => draw.whole(-1, 1)) },
        draw.floats([shape[1]], 0.5, 3),
      ],
      build: ([logits, targets, weight]) => [
        binaryCrossEntropyWithLogits(logits, targets, {
          reduction,
          ...(positiveWeight ? { positiveWeight: weight } : {}),
        }),
      ],
      differentiable: true,
    };
  },
  "views and sums"(draw) {
    const [rows, columns] = [draw.whole(1, 30), draw.whole(1, 50)];
    const size = rows * columns;
    const offset = draw.whole(0, size - 1);
    const gap = draw.whole(0, 5);
    return {
      inputs: [draw.floats([rows, columns])],
      build([x]) {
        const flat = reshape(x, [size]);
        const part = slice(flat, offset, size - offset);
        const packed = pack([part, x], [gap, size + gap], 2 * size + 2 * gap);
        return [packed, sum(x), sumSquares(packed)];
      },
      differentiable: true,
    };
  },
  "reductions"(draw) {
    const shape = draw.images();
    const logits = [draw.whole(1, 20), draw.whole(2, 20)];
    const maxNorm = draw.one(0.1, 1000);
    return {
      inputs: [draw.floats(shape), draw.floats(logits), draw.labels(logits[0], logits[1])],
      build: ([x, logits, labels]) => [
        addBias(detach(x), channelSum(x)),
        sumMagnitudes(x),
        maximumMagnitude(x),
        clipFactor(sumSquares(x), { maxNorm }),
        clipByValue(x, { value: 0.5 }),
        countCorrect(logits, labels),
        countCorrect(logits, labels, { k: 3 }),
        ...Object.values(binaryOutcomes(logits, scale(logits, 2), { threshold: 0.3 })),
      ],
    };
  },
  "pixels and dropout"(draw) {
    const [batch, channels, height, width] = draw.images(draw.whole(1, 4));
    const padding = draw.whole(0, 3);
    const pixels = [batch, height, width, channels];
    const transforms = Array.from({ length: batch }, () => [
      ...draw.pair(0, 2 * padding),
      draw.whole(0, 1),
    ]).flat();
    const std = Array<number>(channels).fill(0.3), mean = Array<number>(channels).fill(0.4);
    const shape = draw.shape();
    return {
      inputs: [
        {
          shape: pixels,
          data: Uint8Array.from({ length: sizeOf(pixels) }, () => draw.whole(0, 255)),
        },
        { shape: [batch, 3], data: Int32Array.from(transforms) },
        { shape: [], data: Int32Array.of(draw.whole(-1000, 1000)) },
      ],
      build: ([pixels, transforms, step]) => [
        preprocess(pixels, transforms, { padding, mean, std }),
        dropoutMask(step, { shape, p: 0.4, stream: 3 }),
        fill(shape, 1.25),
      ],
    };
  },
  "erased and mixed images"(draw) {
    const shape = draw.images();
    const [batch, , height, width] = shape;
    const numbers = (fields: () => readonly number[]) => {
      const rows = Array.from({ length: batch }, fields);
      return { shape: [batch, rows[0].length], data: Int32Array.from(rows.flat()) };
    };
    const corner = () => [draw.whole(0, height - 1), draw.whole(0, width - 1)];
    return {
      inputs: [
        draw.floats(shape),
        // Some reach beyond the image.
        numbers(() => [...corner(), draw.whole(0, height), ...draw.pair(0, width)]),
        draw.floats([draw.whole(1, 30)]),
        numbers(() => [
          draw.whole(0, batch - 1),
          ...corner(),
          draw.whole(0, height),
          draw.whole(0, width),
        ]),
        draw.floats([batch], 0, 1),
      ],
      build: ([images, boxes, values, partners, shares]) => [
        erase(images, boxes, values),
        mix(images, partners, shares),
      ],
    };
  },
  "loss scales"(draw) {
    const shape = draw.shape();
    const magnitude = { shape: [], data: Float32Array.of(draw.one(0, 5, Infinity, NaN)) };
    const attributes = { growthFactor: 2, backoffFactor: 0.5, growthInterval: draw.whole(1, 3) };
    return {
      inputs: [draw.floats(shape), draw.floats(shape), draw.floats([], 1, 9), magnitude],
      build: ([x, other, factor, magnitude]) => [
        whereFinite(divideScalar(x, factor), other, magnitude),
        ...Object.values(updateLossScale(factor, fill([], 1), magnitude, attributes)),
      ],
    };
  },
  "optimizers"(draw) {
    const size = [draw.whole(1, 200)];
    const positive = () => draw.floats(size, 0.01, 1);
    const weightDecay = draw.one(0, 0.1);
    const optimizer = draw.one("sgd", "adam", "rmsprop");
    const flag = draw.one(false, true);
    return {
      inputs: [draw.floats(size), draw.floats(size), draw.floats(size), positive(), positive()],
      build([parameter, gradient, average, square, most]) {
        const learningRate = fill([], 0.1);
        // One at a time, with one scalar for all rates: some adapters allow only ten buffers per
        // shader.
        const update = {
          sgd: () => ({
            average: movingAverage(parameter, gradient, 0.9),
            ...sgdUpdate(parameter, gradient, {
              learningRate,
              weightDecay,
              momentum: 0.9,
              nesterov: flag,
              momentumBuffer: average,
            }),
          }),
          adam: () =>
            adamUpdate(parameter, gradient, {
              learningRate,
              weightDecay,
              decoupledWeightDecay: flag,
              expAvg: average,
              expAvgSq: square,
              maxExpAvgSq: flag ? most : undefined,
              betas: [learningRate, 0.999],
              biasCorrection1: learningRate,
              biasCorrection2: learningRate,
            }),
          rmsprop: () =>
            rmspropUpdate(parameter, gradient, {
              learningRate,
              weightDecay,
              squareAvg: square,
            }),
        }[optimizer];
        return Object.values<Value | undefined>(update())
          .filter((value) => value !== undefined);
      },
    };
  },
  "norms of segments"(draw) {
    const size = draw.whole(1, 9000);
    const segments = range(draw.whole(1, 5)).map(() => {
      const offset = draw.whole(0, size);
      return { offset, size: draw.whole(0, size - offset) };
    });
    return {
      inputs: [draw.floats([size])],
      build: ([x]) => [segmentSumSquares(x, segments)],
    };
  },
};

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
