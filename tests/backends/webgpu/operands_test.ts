import { assertEquals } from "@std/assert";
import { referenceBackend } from "../../../backends/reference/reference.ts";
import { input, output, readVariable, trace, updateVariable } from "../../../graph/trace.ts";
import type { Program } from "../../../graph/types.ts";
import { channelSum } from "../../../ops/channel_sum.ts";
import { composeKernel } from "../../../ops/compose_kernel.ts";
import { conv2d } from "../../../ops/conv2d.ts";
import { globalAvgPool2d } from "../../../ops/global_avg_pool2d.ts";
import { matmul } from "../../../ops/matmul.ts";
import { pack } from "../../../ops/pack.ts";
import { reshape } from "../../../ops/reshape.ts";
import { slice } from "../../../ops/slice.ts";
import { assertWithin, deviation } from "../../support/tolerance.ts";
import { checkAgainstReference, gpuBackend, gpuTest, randomData, randomTensor } from "./gpu.ts";

gpuTest(
  "one kernel can be used through views of different shapes",
  () =>
    checkAgainstReference(
      {
        kernel: randomTensor([8, 4, 3, 3]),
        x: randomTensor([1, 4, 5, 5], 2),
        wide: randomTensor([1, 8, 5, 5], 3),
      },
      ({ kernel, x, wide }) => ({
        whole: conv2d(x, kernel),
        turned: conv2d(wide, reshape(kernel, [4, 8, 3, 3])),
        half: conv2d(x, reshape(slice(reshape(kernel, [288]), 0, 144), [4, 4, 3, 3])),
      }),
    ),
);

gpuTest("a reduction may be stored in the buffer that it reduces", () =>
  checkAgainstReference(
    { W: randomTensor([8, 4, 9]), D: randomTensor([4, 9, 9], 2) },
    ({ W, D }) => ({
      sums: channelSum(reshape(composeKernel(W, D, { kernelSize: [3, 3] }), [8, 36])),
    }),
  ));

gpuTest(
  "feature maps may start at any offset, as views and when packed",
  () =>
    checkAgainstReference(
      {
        x: randomTensor([2, 8, 2, 2]),
        v: randomTensor([20], 2),
        kernel: randomTensor([4, 8, 1, 1]),
      },
      ({ x, v, kernel }) => ({
        packed: pack([globalAvgPool2d(x)], [1], 20),
        convolved: conv2d(reshape(slice(v, 1, 8), [1, 8, 1, 1]), kernel),
      }),
    ),
);

gpuTest("a product may update the variable that contains a factor", async () => {
  const program: Program = trace({ name: "power", variables: [{ name: "v", size: 32 }] }, () => {
    updateVariable("v", 16, matmul(readVariable("v", 0, [4, 4]), input("b", [4, 4])));
    output("old", readVariable("v", 16, [16]));
  });
  const start = randomData([32]), b = randomData([4, 4], 2);
  const [expected, actual] = await Promise.all(
    [referenceBackend(), await gpuBackend()].map(async (backend) => {
      const executable = await backend.compile([program]);
      executable.write("v", start);
      const { old } = await executable.run("power", { b });
      const v = await executable.read("v");
      executable.dispose();
      return { old, v };
    }),
  );
  assertEquals(actual.old, expected.old);
  assertWithin([{ name: "v", ...deviation(actual.v, expected.v) }], 1e-5);
});
