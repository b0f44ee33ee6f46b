import { gate } from "../../../backends/wasm/kernels/gate.ts";
import { gateOp } from "../../../ops/gate.ts";
import { checkNode, forEachForm, randomNode, randomSource } from "./node_check.ts";

Deno.test("gates multiply the channels of their own image, for all sizes", () => {
  const random = randomSource(1);
  const shapes = [[1, 3, 5, 7], [2, 16, 8, 8], [3, 20, 7, 6], [5, 36, 1, 1], [1, 130, 2, 3]];
  forEachForm((target, threads) => {
    for (const shape of shapes) {
      const inputs = [shape, [shape[0], shape[1], 1, 1]];
      const node = randomNode({ op: gateOp, inputs, attributes: {} }, random);
      checkNode(gate, node, target, threads);
    }
  });
});
