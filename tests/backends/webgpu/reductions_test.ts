import { channelMomentsOp } from "../../../ops/channel_moments.ts";
import { channelNormalizeReduceOp } from "../../../ops/channel_normalize.ts";
import { channelSumOp } from "../../../ops/channel_sum.ts";
import { maximumMagnitudeOp } from "../../../ops/maximum_magnitude.ts";
import { segmentSumSquaresOp } from "../../../ops/segment_sum_squares.ts";
import { sumOp } from "../../../ops/sum.ts";
import { sumMagnitudesOp } from "../../../ops/sum_magnitudes.ts";
import { sumSquaresOp } from "../../../ops/sum_squares.ts";
import { assertEquals } from "@std/assert";
import { maximumMagnitude } from "../../../ops/maximum_magnitude.ts";
import { compute } from "../../support/run.ts";
import { checkOp, gpuBackend, gpuTest, randomData } from "./gpu.ts";

/** One and several blocks of channels, one and several parts, vectors and single floats. */
const SHAPES = [[2, 3, 4, 4], [1, 1, 1, 2], [3, 16, 40, 40], [2, 300, 3, 2], [7, 10], [40, 8]];

gpuTest("sums and gradients by channel agree with the reference", async () => {
  for (const shape of SHAPES) {
    const channels = [shape[1]];
    const variance = { shape: channels, data: randomData(channels, 9).map((v) => v + 1.1) };
    await checkOp(channelSumOp, [shape], {});
    await checkOp(channelNormalizeReduceOp, [shape, shape, channels, variance, channels], {
      eps: 1e-5,
    });
    await checkOp(channelNormalizeReduceOp, [shape, shape, channels, variance], { eps: 1e-2 });
  }
});

gpuTest("moments keep their digits if the mean is far from zero", async () => {
  for (const shape of SHAPES) {
    for (const mean of [0, 100, -1000]) {
      const data = randomData(shape, 3).map((v) => v + mean);
      await checkOp(channelMomentsOp, [{ shape, data }], {});
    }
  }
});

gpuTest("sums and norms of all elements agree with the reference", async () => {
  for (const shape of [[], [7], [5, 1001], [300, 77]]) {
    for (const op of [sumOp, sumSquaresOp, sumMagnitudesOp, maximumMagnitudeOp]) {
      await checkOp(op, [shape], {});
    }
  }
});

gpuTest("sums of squares of segments agree with the reference", async () => {
  const segments = [[0, 1], [4, 31], [36, 0], [36, 33], [69, 8192], [8261, 8193], [16460, 40000]]
    .map(([offset, size]) => ({ offset, size }));
  for (const chosen of [segments, segments.slice(3, 4), segments.toReversed()]) {
    await checkOp(segmentSumSquaresOp, [[56460]], { segments: chosen });
  }
});

gpuTest("the largest magnitude of a tensor with NaN is NaN", async () => {
  const data = new Float32Array(1000).fill(-3);
  data[517] = NaN;
  const { y } = await compute(await gpuBackend(), { x: { shape: [1000], data } }, ({ x }) => ({
    y: maximumMagnitude(x),
  }));
  assertEquals([...y], [NaN]);
});
