import { gateOp } from "../../../ops/gate.ts";
import { checkOp, gpuTest } from "./gpu.ts";

gpuTest("gates multiply the channels of their own image, for all sizes", async () => {
  for (const shape of [[1, 3, 5, 7], [2, 16, 8, 8], [5, 36, 1, 1]]) {
    await checkOp(gateOp, [shape, [shape[0], shape[1], 1, 1]], {});
  }
});
