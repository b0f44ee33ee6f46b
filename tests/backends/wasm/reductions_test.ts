import { assert } from "@std/assert";
import { familyOf } from "../../../backends/wasm/kernels/mod.ts";
import { scalarReduction } from "../../../backends/wasm/kernels/scalar_reduction.ts";
import type { Shape } from "../../../graph/types.ts";
import { channelMomentsOp } from "../../../ops/channel_moments.ts";
import { channelNormalizeReduceOp } from "../../../ops/channel_normalize.ts";
import { channelSumOp } from "../../../ops/channel_sum.ts";
import { maximumMagnitudeOp } from "../../../ops/maximum_magnitude.ts";
import { segmentSumSquaresOp } from "../../../ops/segment_sum_squares.ts";
import { sumMagnitudesOp } from "../../../ops/sum_magnitudes.ts";
import { sumSquaresOp } from "../../../ops/sum_squares.ts";
import { sumOp } from "../../../ops/sum.ts";
import { checkNode, forEachForm, inputTensors, randomNode, randomSource } from "./node_check.ts";
import { runnableNode } from "./run_node.ts";

const SHAPES: readonly Shape[] = [
  [1, 1, 1, 1],
  [2, 3, 5, 7],
  [1, 4, 1, 2],
  [3, 16, 8, 8],
  [2, 20, 13, 11],
  [2, 64, 9, 9],
  [1, 36, 3, 3],
  [1, 300, 2, 5],
  [5, 10],
  [129, 7],
];

Deno.test("sums by channel agree with their definition on any shape", () => {
  const random = randomSource(1);
  forEachForm((target, threads) => {
    for (const shape of SHAPES) {
      const node = randomNode({ op: channelSumOp, inputs: [shape], attributes: {} }, random);
      checkNode(familyOf(node), node, target, threads);
    }
  });
});

Deno.test("moments by channel agree with their definition on any shape", () => {
  const random = randomSource(2);
  forEachForm((target, threads) => {
    for (const shape of SHAPES) {
      const node = randomNode({ op: channelMomentsOp, inputs: [shape], attributes: {} }, random);
      checkNode(familyOf(node), node, target, threads);
    }
  });
});

Deno.test("moments stay exact if the mean is large compared with the deviation", () => {
  const random = randomSource(3);
  const node = randomNode(
    { op: channelMomentsOp, inputs: [[8, 5, 20, 20]], attributes: {} },
    random,
  );
  const [input] = inputTensors(node);
  const shifted = Float32Array.from(input.data, (x) => 100 + x);
  const tensor = { shape: input.shape, data: Float64Array.from(shifted) };
  const expected = channelMomentsOp.evaluate([tensor], {}, node.outputs);
  forEachForm((target, threads) => {
    const runnable = runnableNode(familyOf(node), node, target, threads);
    runnable.write(node.inputs[0], shifted);
    runnable.run();
    node.outputs.forEach((value, i) =>
      runnable.read(value).forEach((x, c) => {
        const error = Math.abs(x / expected[i][c] - 1);
        assert(error < 1e-6, `output ${i} of channel ${c} is off by ${error}`);
      })
    );
  });
});

Deno.test("the sums of a normalization's gradient agree with their definition", () => {
  const random = randomSource(4);
  forEachForm((target, threads) => {
    for (const shape of SHAPES) {
      const channel = [shape[1]];
      for (const affine of [[], [channel]]) {
        const inputs = [shape, shape, channel, channel, ...affine];
        const attributes = { eps: 1.5 };
        const node = randomNode({ op: channelNormalizeReduceOp, inputs, attributes }, random);
        checkNode(familyOf(node), node, target, threads, 2e-5);
      }
    }
  });
});

Deno.test("reductions to one number agree with their definition for any size", () => {
  const random = randomSource(5);
  forEachForm((target, threads) => {
    for (const op of [sumOp, sumSquaresOp, sumMagnitudesOp, maximumMagnitudeOp]) {
      for (const size of [1, 3, 16, 31, 33, 500, 2048, 9001]) {
        const node = randomNode({ op, inputs: [[size]], attributes: {} }, random);
        // A sum of numbers of both signs is small compared with its terms.
        checkNode(scalarReduction, node, target, threads, op === sumOp ? 1e-4 : 1e-6);
      }
    }
  });
});

Deno.test("sums of squares of segments agree with their definition", () => {
  const random = randomSource(6);
  const segments = [[0, 1], [4, 31], [36, 0], [36, 33], [69, 2048], [2117, 2049], [4170, 9000]]
    .map(([offset, size]) => ({ offset, size }));
  forEachForm((target, threads) => {
    for (const chosen of [segments, segments.slice(3, 4), segments.toReversed()]) {
      const attributes = { segments: chosen };
      const node = randomNode({ op: segmentSumSquaresOp, inputs: [[13170]], attributes }, random);
      checkNode(familyOf(node), node, target, threads, 1e-6);
    }
  });
});
