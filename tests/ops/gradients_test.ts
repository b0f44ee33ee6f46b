import { assertEquals, assertThrows } from "@std/assert";
import { referenceBackend } from "../../backends/reference/reference.ts";
import { InputError } from "../../errors.ts";
import { randomSource } from "../../graph/random.ts";
import { constant, output, trace } from "../../graph/trace.ts";
import { adaptiveAvgPool2d } from "../../ops/adaptive_avg_pool2d.ts";
import { add } from "../../ops/add.ts";
import { addBias } from "../../ops/add_bias.ts";
import { detach } from "../../ops/detach.ts";
import { avgPool2d } from "../../ops/avg_pool2d.ts";
import { binaryCrossEntropyWithLogits } from "../../ops/binary_cross_entropy_with_logits.ts";
import { channelShuffle } from "../../ops/channel_shuffle.ts";
import { concat, split } from "../../ops/concat.ts";
import { channelMoments } from "../../ops/channel_moments.ts";
import { channelNormalize } from "../../ops/channel_normalize.ts";
import { composeKernel } from "../../ops/compose_kernel.ts";
import { channelAffine } from "../../ops/channel_affine.ts";
import { channelScale } from "../../ops/channel_scale.ts";
import { conv2d } from "../../ops/conv2d.ts";
import { elu } from "../../ops/elu.ts";
import { gate } from "../../ops/gate.ts";
import { gelu } from "../../ops/gelu.ts";
import { globalAvgPool2d } from "../../ops/global_avg_pool2d.ts";
import { gradients, vectorJacobianProduct } from "../../ops/gradients.ts";
import { hardSigmoid } from "../../ops/hard_sigmoid.ts";
import { hardSwish } from "../../ops/hard_swish.ts";
import { leakyRelu } from "../../ops/leaky_relu.ts";
import { linear } from "../../ops/linear.ts";
import { matmul } from "../../ops/matmul.ts";
import { maxPool2d } from "../../ops/max_pool2d.ts";
import { mish } from "../../ops/mish.ts";
import { multiply } from "../../ops/multiply.ts";
import { multiplyScalar } from "../../ops/multiply_scalar.ts";
import { pack } from "../../ops/pack.ts";
import { prelu } from "../../ops/prelu.ts";
import { OPS } from "../../ops/registry.ts";
import { relu } from "../../ops/relu.ts";
import { relu6 } from "../../ops/relu6.ts";
import { flatten, reshape } from "../../ops/reshape.ts";
import { groupNorm, layerNorm2d } from "../../ops/row_normalize.ts";
import { scale } from "../../ops/scale.ts";
import { sigmoid } from "../../ops/sigmoid.ts";
import { silu } from "../../ops/silu.ts";
import { slice } from "../../ops/slice.ts";
import { logSoftmax, softmax } from "../../ops/softmax.ts";
import { softmaxCrossEntropy } from "../../ops/softmax_cross_entropy.ts";
import { softplus } from "../../ops/softplus.ts";
import { subtract } from "../../ops/subtract.ts";
import { sum } from "../../ops/sum.ts";
import { sumSquares } from "../../ops/sum_squares.ts";
import { tanh } from "../../ops/tanh.ts";
import { checkGradient, type GradientCase } from "../support/gradient_check.ts";
import { compute } from "../support/run.ts";

/** Keeps a value away from the kink at 0. */
function awayFromZero(value: number): number {
  return value + Math.sign(value) * 0.1;
}

const SQUARE = [2, 3, 4, 4];
const PROBABILITIES = Float64Array.of(0.2, 0.5, 0.3, 0.6, 0.3, 0.1);
const PARTLY_KNOWN = Float64Array.of(0, 1, -1, 0.3, 1, 0);

/** Cases of every op that has a gradient rule. */
const CASES: Readonly<Record<string, readonly GradientCase[]>> = {
  add: [{ shapes: [[2, 3], [2, 3]], build: ([a, b]) => add(a, b) }],
  subtract: [{ shapes: [[2, 3], [2, 3]], build: ([a, b]) => subtract(a, b) }],
  multiply: [
    { shapes: [[2, 3], [2, 3]], build: ([a, b]) => multiply(a, b) },
    { shapes: [[5]], build: ([a]) => multiply(a, a) },
  ],
  scale: [{ shapes: [[4]], build: ([a]) => scale(a, -1.7) }],
  multiplyScalar: [{ shapes: [[2, 3], []], build: ([a, s]) => multiplyScalar(a, s) }],
  sum: [{ shapes: [[2, 3]], build: ([a]) => sum(a) }],
  sumSquares: [{ shapes: [[2, 3]], build: ([a]) => sumSquares(a) }],
  relu: [{ shapes: [[3, 5]], build: ([a]) => relu(a), adjust: awayFromZero }],
  tanh: [{ shapes: [[3, 5]], build: ([a]) => tanh(a) }],
  relu6: [
    { shapes: [[3, 5]], build: ([a]) => relu6(a), adjust: awayFromZero },
    { shapes: [[3, 5]], build: ([a]) => relu6(scale(a, 10)), adjust: awayFromZero },
  ],
  leakyRelu: [{ shapes: [[3, 5]], build: ([a]) => leakyRelu(a), adjust: awayFromZero }],
  prelu: [[], [5]].map((slope): GradientCase => ({
    shapes: [[3, 5], slope],
    build: ([a, slope]) => prelu(a, slope),
    adjust: awayFromZero,
  })),
  elu: [{ shapes: [[3, 5]], build: ([a]) => elu(a, { alpha: 1.3 }), adjust: awayFromZero }],
  softplus: [
    { shapes: [[3, 5]], build: ([a]) => softplus(a) },
    { shapes: [[3, 5]], build: ([a]) => softplus(scale(a, 3), { beta: 2, threshold: 1 }) },
  ],
  sigmoid: [{ shapes: [[3, 5]], build: ([a]) => sigmoid(a) }],
  silu: [{ shapes: [[3, 5]], build: ([a]) => silu(scale(a, 3)) }],
  hardSigmoid: [{ shapes: [[3, 5]], build: ([a]) => hardSigmoid(scale(a, 4)) }],
  hardSwish: [{ shapes: [[3, 5]], build: ([a]) => hardSwish(scale(a, 4)) }],
  gelu: (["none", "tanh"] as const).map((approximate): GradientCase => ({
    shapes: [[30, 5]],
    build: ([a]) => gelu(scale(a, 2), { approximate }),
  })),
  mish: [{ shapes: [[30, 5]], build: ([a]) => mish(scale(a, 3)) }],
  reshape: [
    { shapes: [[2, 6]], build: ([a]) => reshape(a, [3, -1]) },
    { shapes: [[2, 3, 2]], build: ([a]) => flatten(a) },
  ],
  slice: [{ shapes: [[7]], build: ([a]) => [slice(a, 2, 3), slice(a, 4, 2)] }],
  pack: [{ shapes: [[2, 2], [3]], build: ([a, b]) => pack([a, b], [1, 6], 10) }],
  matmul: [false, true].flatMap((transposeA) =>
    [false, true].map((transposeB): GradientCase => ({
      shapes: [transposeA ? [3, 2] : [2, 3], transposeB ? [4, 3] : [3, 4]],
      build: ([a, b]) => matmul(a, b, { transposeA, transposeB }),
    }))
  ),
  linear: [
    { shapes: [[2, 3], [4, 3], [4]], build: ([x, w, b]) => linear(x, w, b) },
    { shapes: [[2, 3], [4, 3]], build: ([x, w]) => linear(x, w) },
  ],
  conv2d: [
    {
      shapes: [[2, 2, 5, 4], [3, 2, 3, 2], [3]],
      build: ([x, w, b]) => conv2d(x, w, b, { stride: [2, 1], padding: [1, 0] }),
    },
    ...(["zeros", "reflect", "replicate", "circular"] as const).map((paddingMode) => ({
      shapes: [[1, 4, 5, 6], [6, 2, 3, 3]],
      build: ([x, w]: Parameters<GradientCase["build"]>[0]) =>
        conv2d(x, w, undefined, { padding: 2, dilation: [1, 2], groups: 2, paddingMode }),
    })),
  ],
  channelMoments: [
    {
      shapes: [SQUARE],
      build: ([x]) => {
        const { mean, variance } = channelMoments(x);
        return [mean, variance];
      },
    },
    { shapes: [[4, 3]], build: ([x]) => channelMoments(x).variance },
  ],
  channelNormalize: [
    {
      shapes: [SQUARE, [3], [3], [3], [3]],
      build: ([x, mean, variance, weight, bias]) =>
        channelNormalize(x, mean, variance, { weight, bias, eps: 1e-3 }),
      adjust: (value, operand) => operand === 2 ? Math.abs(value) + 0.5 : value,
    },
    {
      shapes: [[4, 3], [3], [3]],
      build: ([x, mean, variance]) => channelNormalize(x, mean, variance),
      adjust: (value, operand) => operand === 2 ? Math.abs(value) + 0.5 : value,
    },
    {
      shapes: [SQUARE, [3], [3]],
      build: ([x, weight, bias]) => {
        const { mean, variance } = channelMoments(x);
        return channelNormalize(x, mean, variance, { weight, bias });
      },
    },
  ],
  concat: [
    { shapes: [[2, 3, 2], [2, 1, 2], [2, 2, 2]], build: (values) => concat(values) },
    { shapes: [[2, 3], [2, 1]], build: (values) => concat(values) },
  ],
  split: [
    { shapes: [[2, 4, 3]], build: ([x]) => split(x, [1, 3]) },
    { shapes: [[2, 4, 3]], build: ([x]) => split(x, [1, 2, 1])[1] },
  ],
  channelShuffle: [{ shapes: [[2, 6, 2]], build: ([x]) => channelShuffle(x, 3) }],
  channelAffine: [
    { shapes: [[2, 3, 2], [3], [3]], build: ([x, weight, bias]) => channelAffine(x, weight, bias) },
    { shapes: [[2, 3, 2], [3, 1], [3]], build: ([x, weight, b]) => channelAffine(x, weight, b) },
  ],
  pixelNormalize: [{ shapes: [SQUARE], build: ([x]) => layerNorm2d(x) }],
  groupNormalize: [{ shapes: [[2, 6, 2, 3]], build: ([x]) => groupNorm(x, 3) }],
  maxPool2d: [
    { shapes: [[1, 2, 5, 5]], build: ([x]) => maxPool2d(x, { kernelSize: 2 }).output },
    {
      shapes: [[2, 2, 6, 7]],
      build: ([x]) =>
        maxPool2d(x, {
          kernelSize: 3,
          stride: [2, 1],
          padding: 1,
          dilation: [1, 2],
          ceilMode: true,
        })
          .output,
    },
  ],
  avgPool2d: [
    { shapes: [[1, 2, 5, 5]], build: ([x]) => avgPool2d(x, { kernelSize: 2 }) },
    ...[{}, { countIncludePad: false }, { divisorOverride: 5 }].map((own): GradientCase => ({
      shapes: [[1, 2, 6, 5]],
      build: ([x]) =>
        avgPool2d(x, { kernelSize: 3, stride: 2, padding: 1, ceilMode: true, ...own }),
    })),
  ],
  adaptiveAvgPool2d: [
    { shapes: [[2, 2, 5, 3]], build: ([x]) => adaptiveAvgPool2d(x, [3, 4]) },
  ],
  gate: [{ shapes: [SQUARE, [2, 3, 1, 1]], build: ([x, gates]) => gate(x, gates) }],
  addBias: [
    { shapes: [SQUARE, [3]], build: ([x, bias]) => addBias(x, bias) },
  ],
  // Of what does not depend on x in truth: nothing else has no gradient.
  detach: [
    { shapes: [[2, 3]], build: ([x]) => add(x, detach(scale(x, 0))) },
  ],
  channelScale: [
    { shapes: [SQUARE, [3]], build: ([x, weight]) => channelScale(x, weight) },
    { shapes: [[4, 3], [3]], build: ([x, weight]) => channelScale(x, weight) },
    { shapes: [SQUARE, [3, 1, 1]], build: ([x, weight]) => channelScale(x, weight) },
  ],
  globalAvgPool2d: [{ shapes: [SQUARE], build: ([x]) => globalAvgPool2d(x) }],
  softmax: [{ shapes: [[2, 4]], build: ([x]) => softmax(x) }],
  logSoftmax: [{ shapes: [[2, 4]], build: ([x]) => logSoftmax(x) }],
  softmaxCrossEntropy: (["mean", "sum", "none"] as const).flatMap((reduction) =>
    [undefined, Float64Array.of(0.5, 1, 3)].map((weight): GradientCase => ({
      shapes: [[2, 3]],
      build: ([logits]) =>
        softmaxCrossEntropy(logits, constant([2, 3], PROBABILITIES), {
          reduction,
          labelSmoothing: 0.1,
          weight: weight && constant([3], weight),
        }),
    }))
  ),
  binaryCrossEntropyWithLogits: (["mean", "sum", "none"] as const).flatMap((reduction) =>
    [undefined, Float64Array.of(0.5, 1, 3)].map((weight): GradientCase => ({
      shapes: [[2, 3]],
      build: ([logits]) =>
        binaryCrossEntropyWithLogits(logits, constant([2, 3], PARTLY_KNOWN), {
          reduction,
          positiveWeight: weight && constant([3], weight),
        }),
    }))
  ),
  composeKernel: (["paper", "authors"] as const).map((pairing) => ({
    shapes: [[6, 2, 7], [4, 6, 7]],
    build: ([w, d]) => composeKernel(w, d, { kernelSize: [3, 2], groups: 2, pairing }),
  })),
};

for (const [name, op] of OPS) {
  if (!op.gradient) continue;
  Deno.test(`${name} has the gradient that differences show`, () => {
    const cases = CASES[name] ?? [];
    if (cases.length === 0) throw new Error(`add a case for ${name} to CASES`);
    cases.forEach((gradientCase, i) => {
      const random = randomSource(1, name, i);
      const names = checkGradient(gradientCase, () => random.normal());
      if (!names.has(name)) throw new Error(`case ${i} of ${name} does not use it`);
    });
  });
}

Deno.test("a value used twice gets the sum of its gradients", async () => {
  const x = { shape: [2], data: Float32Array.of(3, 5) };
  const { dx } = await compute(referenceBackend(), { x }, ({ x }) => ({
    dx: gradients(sum(add(multiply(x, x), scale(x, 10))), [x])[0],
  }));
  assertEquals([...dx], [16, 20]);
});

Deno.test("the seeds of several outputs add up, one output upstream of another", async () => {
  const x = { shape: [2], data: Float32Array.of(3, 5) };
  const seed = { shape: [2], data: Float32Array.of(1, 10) };
  const { dx, dy } = await compute(referenceBackend(), { x, seed }, ({ x, seed }) => {
    const y = scale(x, 2);
    const z = multiply(y, y);
    const [dx, dy] = vectorJacobianProduct([y, z], [seed, seed], [x, y]);
    return { dx, dy };
  });
  assertEquals([...dy], [1 + 12, 10 + 200]);
  assertEquals([...dx], [26, 420]);
});

Deno.test("a value the loss does not depend on gets zeros", async () => {
  const x = { shape: [2], data: Float32Array.of(3, 5) };
  const { dx } = await compute(referenceBackend(), { x, other: x }, ({ x, other }) => ({
    dx: gradients(sum(other), [x])[0],
  }));
  assertEquals([...dx], [0, 0]);
});

Deno.test("gradients are refused of a loss that is no scalar and of seeds that do not fit", () => {
  trace({ name: "refused" }, () => {
    const x = constant([2], Float32Array.of(1, 2));
    output("x", x);
    assertThrows(() => gradients(x, [x]), InputError, "[2]");
    assertThrows(() => vectorJacobianProduct([x], [], [x]), InputError, "0 seeds");
    assertThrows(() => vectorJacobianProduct([x], [sum(x)], [x]), InputError, "[]");
  });
});
