import { averagePool } from "../../../backends/wasm/kernels/average_pool.ts";
import { maxPool2d, maxPool2dGradient } from "../../../backends/wasm/kernels/max_pool.ts";
import type { HostTensor, Shape } from "../../../graph/types.ts";
import { avgPool2dGradientOp, avgPool2dOp } from "../../../ops/avg_pool2d.ts";
import { globalAvgPool2dGradientOp, globalAvgPool2dOp } from "../../../ops/global_avg_pool2d.ts";
import { maxPool2dGradientOp, maxPool2dOp } from "../../../ops/max_pool2d.ts";
import { poolingGeometry } from "../../../ops/pooling_geometry.ts";
import { checkNode, forEachForm, inputNode, randomNode, randomSource } from "./node_check.ts";

const SHAPES: readonly Shape[] = [
  [1, 3, 5, 7],
  [2, 16, 8, 8],
  [3, 20, 7, 6],
  [1, 36, 9, 11],
];

const POOLS = [
  { kernelSize: [2, 2], stride: [2, 2], padding: [0, 0], dilation: [1, 1], ceilMode: false },
  { kernelSize: [3, 3], stride: [2, 2], padding: [1, 1], dilation: [1, 1], ceilMode: false },
  { kernelSize: [3, 2], stride: [1, 3], padding: [1, 0], dilation: [1, 1], ceilMode: true },
  { kernelSize: [2, 2], stride: [3, 3], padding: [0, 0], dilation: [1, 1], ceilMode: true },
] as const;

const DILATED = {
  kernelSize: [2, 3],
  stride: [1, 2],
  padding: [1, 1],
  dilation: [2, 2],
  ceilMode: false,
} as const;

Deno.test("max pools find the first largest element of each window and its index", () => {
  const random = randomSource(1);
  forEachForm((target, threads) => {
    for (const shape of SHAPES) {
      for (const attributes of [...POOLS, DILATED]) {
        const node = inputNode(maxPool2dOp, [{ shape, dtype: "f32" }], attributes);
        const size = shape.reduce((a, b) => a * b, 1);
        // Few different numbers, so that there are ties.
        const data = Float64Array.from({ length: size }, () => Math.floor(5 * random()) - 2);
        checkNode(maxPool2d, node, target, threads, 0, [{ shape, data }]);
      }
    }
  });
});

Deno.test("the gradient of a max pool goes to the position of the maximum", () => {
  const random = randomSource(2);
  forEachForm((target, threads) => {
    for (const inputShape of SHAPES) {
      for (const attributes of [...POOLS, DILATED]) {
        const { outSize } = poolingGeometry("maxPool2d", inputShape, attributes);
        const shape = [inputShape[0], inputShape[1], ...outSize];
        const size = shape.reduce((a, b) => a * b, 1);
        const draw = (next: () => number): HostTensor => ({
          shape,
          data: Float64Array.from({ length: size }, next),
        });
        const plane = inputShape[2] * inputShape[3];
        const tensors = [
          draw(() => Math.fround(random())),
          draw(() => Math.floor(plane * random())),
        ];
        const node = inputNode(
          maxPool2dGradientOp,
          [{ shape, dtype: "f32" }, { shape, dtype: "i32" }],
          { ...attributes, inputShape },
        );
        checkNode(maxPool2dGradient, node, target, threads, 1e-6, tensors);
      }
    }
  });
});

Deno.test("average pools and their gradients agree with their definitions", () => {
  const random = randomSource(3);
  forEachForm((target, threads) => {
    for (const shape of SHAPES) {
      for (const pool of POOLS) {
        for (const own of [{}, { countIncludePad: false }, { divisorOverride: 5 }]) {
          const attributes = { ...pool, countIncludePad: true, ...own };
          const node = randomNode({ op: avgPool2dOp, inputs: [shape], attributes }, random);
          checkNode(averagePool, node, target, threads);
          const gradient = {
            op: avgPool2dGradientOp,
            inputs: [node.outputs[0].shape],
            attributes: { ...attributes, inputShape: shape },
          };
          checkNode(averagePool, randomNode(gradient, random), target, threads);
        }
      }
    }
  });
});

Deno.test("a global average pool and its gradient agree with their definitions", () => {
  const random = randomSource(4);
  forEachForm((target, threads) => {
    for (const shape of SHAPES) {
      const pool = { op: globalAvgPool2dOp, inputs: [shape], attributes: {} };
      checkNode(averagePool, randomNode(pool, random), target, threads);
      const gradient = {
        op: globalAvgPool2dGradientOp,
        inputs: [[shape[0], shape[1], 1, 1]],
        attributes: { inputShape: shape },
      };
      checkNode(averagePool, randomNode(gradient, random), target, threads);
    }
  });
});
