/** Random shapes: every backend must compute what the reference does. */
import { referenceBackend } from "../../backends/reference/reference.ts";
import { type Shape, sizeOf, type Value } from "../../graph/types.ts";
import { avgPool2d } from "../../ops/avg_pool2d.ts";
import { channelMoments } from "../../ops/channel_moments.ts";
import { channelNormalize } from "../../ops/channel_normalize.ts";
import { conv2d } from "../../ops/conv2d.ts";
import { vectorJacobianProduct } from "../../ops/gradients.ts";
import { matmul } from "../../ops/matmul.ts";
import { maxPool2d } from "../../ops/max_pool2d.ts";
import { relu } from "../../ops/relu.ts";
import { testOnEveryBackend } from "../support/backends.ts";
import { randomCount } from "../support/random_count.ts";
import { compute, type InputTensor } from "../support/run.ts";
import { assertWithin, deviation } from "../support/tolerance.ts";
import { randomSource } from "./wasm/node_check.ts";

/** Inputs of an op, and the op. */
interface RandomCase {
  readonly shapes: readonly Shape[];
  readonly build: (inputs: readonly Value[]) => Value;
}

/** Draws whole numbers, both ends included. */
type Draw = (from: number, to: number) => number;

const FAMILIES: Readonly<Record<string, (draw: Draw) => RandomCase>> = {
  convolutions(draw) {
    const groups = draw(1, 3);
    const [groupIn, groupOut] = [draw(1, 9), draw(1, 9)];
    const pairs = <T>(make: () => T) => [make(), make()] as const;
    const kernelSize = pairs(() => draw(1, 4));
    const dilation = pairs(() => draw(1, 2));
    const padding = pairs(() => draw(0, 3));
    const stride = pairs(() => draw(1, 3));
    // Large enough for the kernel without its padding, and for padding that reflects.
    const size = kernelSize.map((extent, i) =>
      Math.max(dilation[i] * (extent - 1), padding[i]) + draw(1, 7)
    );
    const paddingMode = (["zeros", "reflect", "replicate", "circular"] as const)[draw(0, 3)];
    const weight = [groups * groupOut, groupIn, ...kernelSize];
    return {
      shapes: [[draw(1, 3), groups * groupIn, ...size], weight, [groups * groupOut]],
      build: ([x, w, b]) => conv2d(x, w, b, { stride, padding, dilation, groups, paddingMode }),
    };
  },
  "convolutions by pixel"(draw) {
    const [inChannels, outChannels] = [draw(1, 40), draw(1, 40)];
    return {
      shapes: [[draw(1, 4), inChannels, draw(1, 12), 4 * draw(1, 3)], [
        outChannels,
        inChannels,
        1,
        1,
      ]],
      build: ([x, w]) => conv2d(x, w),
    };
  },
  pools(draw) {
    const kernelSize = draw(1, 3);
    const options = {
      kernelSize,
      stride: draw(1, 3),
      padding: draw(0, Math.floor(kernelSize / 2)),
      ceilMode: draw(0, 1) === 1,
    };
    const isMaximum = draw(0, 1) === 1;
    return {
      shapes: [[draw(1, 3), draw(1, 9), draw(3, 9), draw(3, 9)]],
      build: ([x]) => isMaximum ? maxPool2d(x, options).output : avgPool2d(x, options),
    };
  },
  "batch norms"(draw) {
    const channels = draw(1, 19);
    return {
      shapes: [[draw(2, 5), channels, draw(1, 9), draw(2, 9)], [channels], [channels]],
      build([x, weight, bias]) {
        const { mean, variance } = channelMoments(x);
        return relu(channelNormalize(x, mean, variance, { weight, bias }));
      },
    };
  },
  "products of matrices"(draw) {
    const [rows, inner, columns] = [draw(1, 70), draw(1, 70), draw(1, 70)];
    const [transposeA, transposeB] = [draw(0, 1) === 1, draw(0, 1) === 1];
    return {
      shapes: [
        transposeA ? [inner, rows] : [rows, inner],
        transposeB ? [columns, inner] : [inner, columns],
      ],
      build: ([a, b]) => matmul(a, b, { transposeA, transposeB }),
    };
  },
};

const CASES = randomCount(2);

for (const [name, make] of Object.entries(FAMILIES)) {
  testOnEveryBackend(`${name} of random shapes, and their gradients`, async (backend) => {
    const random = randomSource(1);
    const draw = (from: number, to: number) => from + Math.floor(random() * (to - from + 1));
    const cases = Array.from({ length: CASES }, () => make(draw));
    const inputs: Record<string, InputTensor> = {};
    cases.forEach(({ shapes }, i) =>
      shapes.forEach((shape, k) => {
        const data = Float32Array.from({ length: sizeOf(shape) }, () => 2 * random() - 1);
        inputs[`case ${i} input ${k}`] = { shape, data };
      })
    );
    const build = (values: Record<string, Value>) => {
      const outputs: Record<string, Value> = {};
      cases.forEach(({ shapes, build }, i) => {
        const operands = shapes.map((_, k) => values[`case ${i} input ${k}`]);
        const y = build(operands);
        outputs[`case ${i}`] = y;
        // The output itself serves as the upstream gradient.
        vectorJacobianProduct([y], [y], operands).forEach((gradient, k) =>
          outputs[`case ${i} gradient ${k} of ${JSON.stringify(shapes)}`] = gradient
        );
      });
      return outputs;
    };
    const expected = await compute(referenceBackend(), inputs, build);
    const actual = await compute(backend, inputs, build);
    assertWithin(
      Object.keys(expected).map((key) => ({ name: key, ...deviation(actual[key], expected[key]) })),
      2e-5,
    );
  });
}
