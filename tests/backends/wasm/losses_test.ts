import { assertEquals } from "@std/assert";
import { countCorrect } from "../../../backends/wasm/kernels/count_correct.ts";
import { softmax } from "../../../backends/wasm/kernels/softmax.ts";
import {
  softmaxCrossEntropy,
  softmaxCrossEntropyGradient,
} from "../../../backends/wasm/kernels/softmax_cross_entropy.ts";
import type { HostTensor, TensorType } from "../../../graph/types.ts";
import { countCorrectOp } from "../../../ops/count_correct.ts";
import {
  logSoftmaxGradientOp,
  logSoftmaxOp,
  softmaxGradientOp,
  softmaxOp,
} from "../../../ops/softmax.ts";
import {
  softmaxCrossEntropyGradientOp,
  softmaxCrossEntropyOp,
} from "../../../ops/softmax_cross_entropy.ts";
import { checkNode, forEachForm, inputNode, randomSource } from "./node_check.ts";
import { runnableNode } from "./run_node.ts";

const random = randomSource(1);

function tensor(shape: readonly number[], draw: () => number): HostTensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return { shape, data: Float64Array.from({ length: size }, () => Math.fround(draw())) };
}

const floats = ({ shape }: HostTensor): TensorType => ({ shape, dtype: "f32" });
const logits = (rows: number, classes: number) =>
  tensor([rows, classes], () => 20 * (random() - 0.5));
const labels = (rows: number, classes: number) =>
  tensor([rows], () => Math.floor(random() * (classes + 1)) - 1);

Deno.test("softmax, its logarithm and their gradients agree with their definitions", () => {
  forEachForm((target, threads) => {
    for (const [rows, classes] of [[1, 1], [1, 10], [7, 3], [20, 101]]) {
      const x = logits(rows, classes), dy = logits(rows, classes);
      const probabilities = { ...x, data: softmaxOp.evaluate([x], {}, [floats(x)])[0] };
      const logarithms = { ...x, data: logSoftmaxOp.evaluate([x], {}, [floats(x)])[0] };
      const check = (op: typeof softmaxOp, ...tensors: HostTensor[]) => {
        const rounded = tensors.map(({ shape, data }) => ({ shape, data: data.map(Math.fround) }));
        const node = inputNode(op, tensors.map(floats));
        checkNode(softmax, node, target, threads, 1e-6, rounded);
      };
      check(softmaxOp, x);
      check(logSoftmaxOp, x);
      check(softmaxGradientOp, dy, probabilities);
      check(logSoftmaxGradientOp, dy, logarithms);
    }
  });
});

Deno.test("the loss and its gradient agree with their definitions for every reduction", () => {
  forEachForm((target, threads) => {
    for (const reduction of ["mean", "sum", "none"] as const) {
      for (const labelSmoothing of [0, 0.1]) {
        const attributes = { reduction, labelSmoothing };
        for (const [rows, classes] of [[2, 3], [9, 10], [40, 17]]) {
          const x = logits(rows, classes);
          const byLabel = { ...labels(rows, classes) };
          // At least one row counts, or the mean is NaN.
          byLabel.data[0] = classes - 1;
          const byProbability = tensor([rows, classes], random);
          const dLoss = tensor(reduction === "none" ? [rows] : [], random);
          for (const goal of [byLabel, byProbability]) {
            const dtype = goal === byLabel ? "i32" : "f32";
            const types: TensorType[] = [floats(x), { shape: goal.shape, dtype }];
            const loss = inputNode(softmaxCrossEntropyOp, types, attributes);
            checkNode(softmaxCrossEntropy, loss, target, threads, 1e-6, [x, goal]);
            const gradient = inputNode(
              softmaxCrossEntropyGradientOp,
              [floats(dLoss), ...types],
              attributes,
            );
            const inputs = [dLoss, x, goal];
            checkNode(softmaxCrossEntropyGradient, gradient, target, threads, 1e-6, inputs);
          }
        }
      }
    }
  });
});

Deno.test("a label out of range reads nothing outside its row", () => {
  const x = logits(3, 4);
  const goal = { shape: [3], data: Float64Array.of(1, 4, 2 ** 31 - 1) };
  const types: TensorType[] = [floats(x), { shape: [3], dtype: "i32" }];
  const attributes = { reduction: "none", labelSmoothing: 0 };
  forEachForm((target, threads) => {
    const node = inputNode(softmaxCrossEntropyOp, types, attributes);
    checkNode(softmaxCrossEntropy, node, target, threads, 1e-6, [x, goal]);
  });
});

Deno.test("correct predictions are counted; of equal largest logits the first wins", () => {
  forEachForm((target, threads) => {
    for (const k of [1, 2, 5, 9]) {
      const x = tensor([50, 7], () => Math.floor(4 * random()));
      const goal = labels(50, 7);
      const types = [floats(x), { shape: [50], dtype: "i32" } as const];
      const node = inputNode(countCorrectOp, types, { k });
      goal.data[0] = 7;
      checkNode(countCorrect, node, target, threads, 0, [x, goal]);
    }
  });
});

Deno.test("a loss of NaN stays NaN", () => {
  const types: TensorType[] = [{ shape: [2, 3], dtype: "f32" }, { shape: [2], dtype: "i32" }];
  const node = inputNode(softmaxCrossEntropyOp, types, { reduction: "mean", labelSmoothing: 0 });
  const runnable = runnableNode(softmaxCrossEntropy, node, { wide: 1, relaxedSimd: true }, 2);
  runnable.write(node.inputs[0], [1, 2, 3, 4, NaN, 6]);
  runnable.write(node.inputs[1], [0, 0]);
  runnable.run();
  assertEquals([...runnable.read(node.outputs[0])], [NaN]);
});
