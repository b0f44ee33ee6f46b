import { assertEquals } from "@std/assert";
import { avgPool2dGradientOp, avgPool2dOp } from "../../../ops/avg_pool2d.ts";
import { globalAvgPool2dGradientOp, globalAvgPool2dOp } from "../../../ops/global_avg_pool2d.ts";
import { maxPool2d, maxPool2dOp } from "../../../ops/max_pool2d.ts";
import { gradients } from "../../../ops/gradients.ts";
import { multiply } from "../../../ops/multiply.ts";
import { sum } from "../../../ops/sum.ts";
import { type PoolingAttributes, poolingGeometry } from "../../../ops/pooling_geometry.ts";
import { compute } from "../../support/run.ts";
import { checkAgainstReference, checkOp, gpuBackend, gpuTest, randomTensor } from "./gpu.ts";

const CASES: [number[], PoolingAttributes][] = [
  [[2, 3, 6, 7], {
    kernelSize: [2, 2],
    stride: [2, 2],
    padding: [0, 0],
    dilation: [1, 1],
    ceilMode: false,
  }],
  [[1, 8, 7, 6], {
    kernelSize: [3, 3],
    stride: [2, 2],
    padding: [1, 1],
    dilation: [1, 1],
    ceilMode: true,
  }],
  [[2, 4, 9, 8], {
    kernelSize: [3, 2],
    stride: [1, 2],
    padding: [1, 0],
    dilation: [2, 1],
    ceilMode: false,
  }],
];

gpuTest("pools and their gradients agree with the reference", async () => {
  for (const [shape, attributes] of CASES) {
    await checkOp(maxPool2dOp, [shape], attributes, 0);
    const { outSize } = poolingGeometry("pool", shape, attributes);
    const output = [shape[0], shape[1], ...outSize];
    await checkAgainstReference(
      { x: randomTensor(shape), dy: randomTensor(output, 2) },
      ({ x, dy }) => ({
        dx: gradients(sum(multiply(maxPool2d(x, attributes).output, dy)), [x])[0],
      }),
    );
    for (const own of [{}, { countIncludePad: false }, { divisorOverride: 5 }]) {
      const average = { ...attributes, dilation: [1, 1] as const, countIncludePad: true, ...own };
      const { outSize } = poolingGeometry("pool", shape, average);
      await checkOp(avgPool2dOp, [shape], average);
      await checkOp(avgPool2dGradientOp, [[shape[0], shape[1], ...outSize]], {
        ...average,
        inputShape: shape,
      });
    }
    await checkOp(globalAvgPool2dOp, [shape], {});
    await checkOp(globalAvgPool2dGradientOp, [[shape[0], shape[1], 1, 1]], { inputShape: shape });
  }
});

gpuTest(
  "the maximum of a window with NaN is NaN, that of negative infinities negative infinity",
  async () => {
    const data = Float32Array.of(1, NaN, 3, 4, -Infinity, -Infinity, -Infinity, -Infinity);
    const inputs = { x: { shape: [2, 1, 2, 2], data } };
    const { y, at } = await compute(await gpuBackend(), inputs, ({ x }) => {
      const { output, indices } = maxPool2d(x, { kernelSize: 2 });
      return { y: output, at: indices };
    });
    assertEquals([...y], [NaN, -Infinity]);
    assertEquals([...at], [1, 0]);
  },
);
