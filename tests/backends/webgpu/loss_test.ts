import { countCorrectOp } from "../../../ops/count_correct.ts";
import {
  softmaxCrossEntropyGradientOp,
  softmaxCrossEntropyOp,
} from "../../../ops/softmax_cross_entropy.ts";
import {
  logSoftmaxGradientOp,
  logSoftmaxOp,
  softmaxGradientOp,
  softmaxOp,
} from "../../../ops/softmax.ts";
import { checkOp, gpuTest, randomData } from "./gpu.ts";

const SHAPES = [[1, 2], [5, 10], [3, 700]];

/** Logits large enough to overflow an exponential. */
function logitsOf(shape: number[]) {
  return { shape, data: randomData(shape).map((v) => 200 * v) };
}

function labelsOf([rows, classes]: number[]) {
  return {
    shape: [rows],
    data: Int32Array.from({ length: rows }, (_, i) => i === 1 ? -1 : (7 * i) % classes),
  };
}

gpuTest("softmax, its logarithm and their gradients agree with the reference", async () => {
  for (const shape of SHAPES) {
    for (const op of [softmaxOp, logSoftmaxOp]) await checkOp(op, [logitsOf(shape)], {});
    for (const op of [softmaxGradientOp, logSoftmaxGradientOp]) {
      await checkOp(op, [shape, shape], {});
    }
  }
});

gpuTest("cross-entropy agrees with the reference for labels and probabilities", async () => {
  for (const shape of SHAPES) {
    const probabilities = { shape, data: randomData(shape, 5).map(Math.abs) };
    for (const target of [labelsOf(shape), probabilities]) {
      for (const reduction of ["mean", "sum", "none"] as const) {
        const attributes = { labelSmoothing: reduction === "sum" ? 0 : 0.1, reduction };
        const dLoss = reduction === "none" ? [shape[0]] : [];
        await checkOp(softmaxCrossEntropyOp, [shape, target], attributes);
        await checkOp(softmaxCrossEntropyGradientOp, [dLoss, shape, target], attributes);
      }
    }
  }
});

gpuTest("correct predictions are counted", async () => {
  for (const shape of [...SHAPES, [300, 3]]) {
    for (const k of [1, 3]) await checkOp(countCorrectOp, [shape, labelsOf(shape)], { k }, 0);
  }
});
