import {
  type ComposeKernelAttributes,
  composeKernelDGradientOp,
  composeKernelOp,
  composeKernelWGradientOp,
} from "../../../ops/compose_kernel.ts";
import { checkOp, gpuTest } from "./gpu.ts";

gpuTest("kernel composition and its gradients agree with the reference", async () => {
  const cases = [
    { out: 4, groupIn: 3, groups: 1, size: [3, 3], depth: 9 },
    { out: 6, groupIn: 2, groups: 3, size: [1, 3], depth: 7 },
    { out: 8, groupIn: 1, groups: 4, size: [2, 2], depth: 4 },
  ] as const;
  for (const { out, groupIn, groups, size, depth } of cases) {
    for (const pairing of ["paper", "authors"] as const) {
      const attributes: ComposeKernelAttributes = { groups, kernelSize: size, pairing };
      const w = [out, groupIn, depth];
      const d = [groupIn * groups, size[0] * size[1], depth];
      const kernel = [out, groupIn, ...size];
      await checkOp(composeKernelOp, [w, d], attributes);
      await checkOp(composeKernelWGradientOp, [kernel, d], attributes);
      await checkOp(composeKernelDGradientOp, [kernel, w], attributes);
    }
  }
});
