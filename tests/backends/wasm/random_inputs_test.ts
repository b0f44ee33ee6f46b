import { assertEquals } from "@std/assert";
import { preprocess } from "../../../backends/wasm/kernels/preprocess.ts";
import { dropoutMask } from "../../../backends/wasm/kernels/dropout_mask.ts";
import type { HostTensor, TensorType } from "../../../graph/types.ts";
import { preprocessOp } from "../../../ops/preprocess.ts";
import { dropoutMaskOp } from "../../../ops/dropout_mask.ts";
import { checkNode, forEachForm, inputNode, randomSource } from "./node_check.ts";
import { runnableNode } from "./run_node.ts";

Deno.test("preprocess crops, flips and normalizes as defined", () => {
  const random = randomSource(1);
  const whole = (below: number) => Math.floor(below * random());
  forEachForm((target, threads) => {
    for (const shape of [[1, 5, 7, 3], [4, 8, 8, 1], [2, 6, 4, 5], [3, 3, 3, 4]]) {
      for (const padding of [0, 2]) {
        const [batch, , , channels] = shape;
        const size = shape.reduce((a, b) => a * b, 1);
        const pixels: HostTensor = {
          shape,
          data: Float64Array.from({ length: size }, () => whole(256)),
        };
        const draws = () => [whole(2 * padding + 1), whole(2 * padding + 1), whole(2)];
        const transforms: HostTensor = {
          shape: [batch, 3],
          data: Float64Array.from(Array.from({ length: batch }, draws).flat()),
        };
        const attributes = {
          padding,
          mean: Array.from({ length: channels }, random),
          std: Array.from({ length: channels }, () => 0.2 + random()),
        };
        const types: TensorType[] = [{ shape, dtype: "u8" }, { shape: [batch, 3], dtype: "i32" }];
        const plain = inputNode(preprocessOp, types.slice(0, 1), attributes);
        checkNode(preprocess, plain, target, threads, 1e-6, [pixels]);
        const drawn = inputNode(preprocessOp, types, attributes);
        checkNode(preprocess, drawn, target, threads, 1e-6, [pixels, transforms]);
      }
    }
  });
});

Deno.test("a dropout mask has the same bits on every backend, in any memory layout", () => {
  const step: HostTensor = { shape: [], data: Float64Array.of(-123456789) };
  forEachForm((target, threads) => {
    for (const shape of [[5], [8, 10], [3, 7], [2, 3, 5, 7], [3, 16, 4, 4]]) {
      for (const p of [0, 0.3, 0.99]) {
        const attributes = { shape, p, stream: 7 };
        const node = inputNode(dropoutMaskOp, [{ shape: [], dtype: "i32" }], attributes);
        const [expected] = dropoutMaskOp.evaluate([step], attributes, node.outputs);
        const runnable = runnableNode(dropoutMask, node, target, threads);
        runnable.write(node.inputs[0], step.data);
        runnable.run();
        assertEquals(runnable.read(node.outputs[0]), expected.map(Math.fround));
      }
    }
  });
});
