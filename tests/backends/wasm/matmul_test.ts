import { linear, matmul } from "../../../backends/wasm/kernels/matmul.ts";
import { linearOp } from "../../../ops/linear.ts";
import { matmulOp } from "../../../ops/matmul.ts";
import { checkNode, randomNode, randomSource, TARGETS } from "./node_check.ts";

/** Extents around the sizes of tiles and panels. */
const EXTENTS = [1, 2, 3, 4, 5, 7, 8, 10, 15, 16, 17, 33, 64];

Deno.test("matmul kernels multiply matrices of any extents, transposed or not", () => {
  const random = randomSource(3);
  const extent = () => EXTENTS[Math.floor(random() * EXTENTS.length)];
  for (let i = 0; i < 160; i++) {
    const rows = extent(), inner = extent(), columns = extent();
    const attributes = { transposeA: i % 2 === 1, transposeB: i % 4 >= 2 };
    const node = randomNode({
      op: matmulOp,
      inputs: [
        attributes.transposeA ? [inner, rows] : [rows, inner],
        attributes.transposeB ? [columns, inner] : [inner, columns],
      ],
      attributes,
    }, random);
    checkNode(matmul, node, TARGETS[i % TARGETS.length], 1 + i % 3);
  }
});

Deno.test("linear kernels multiply with the transposed weight and add the bias", () => {
  const random = randomSource(4);
  const extent = () => EXTENTS[Math.floor(random() * EXTENTS.length)];
  for (let i = 0; i < 80; i++) {
    const batch = extent(), features = extent(), outFeatures = extent();
    const inputs = [[batch, features], [outFeatures, features]];
    if (i % 2 === 0) inputs.push([outFeatures]);
    const node = randomNode({ op: linearOp, inputs, attributes: {} }, random);
    checkNode(linear, node, TARGETS[i % TARGETS.length], 1 + i % 3);
  }
});
