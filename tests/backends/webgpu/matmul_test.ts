import { linearOp } from "../../../ops/linear.ts";
import { matmulOp } from "../../../ops/matmul.ts";
import { checkOp, gpuTest } from "./gpu.ts";

gpuTest("matrix products agree with the reference, transposed or not", async () => {
  for (const [rows, inner, columns] of [[1, 1, 1], [8, 16, 12], [5, 7, 3], [70, 33, 66]]) {
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        await checkOp(matmulOp, [
          transposeA ? [inner, rows] : [rows, inner],
          transposeB ? [columns, inner] : [inner, columns],
        ], { transposeA, transposeB });
      }
    }
  }
});

gpuTest("linear layers agree with the reference", async () => {
  await checkOp(linearOp, [[3, 20], [10, 20], [10]], {});
  await checkOp(linearOp, [[2, 9], [5, 9]], {});
});
