/** Pools. */
import { adaptiveAvgPool2d } from "../../../ops/adaptive_avg_pool2d.ts";
import { avgPool2d } from "../../../ops/avg_pool2d.ts";
import { globalAvgPool2d } from "../../../ops/global_avg_pool2d.ts";
import { maxPool2d } from "../../../ops/max_pool2d.ts";
import type { Families } from "./case.ts";

export const POOLS: Families = {
  "pools"(draw) {
    const kernelSize = draw.pair(1, 3);
    const options = {
      kernelSize,
      stride: draw.pair(1, 3),
      padding: [draw.whole(0, kernelSize[0] >> 1), draw.whole(0, kernelSize[1] >> 1)],
      ceilMode: draw.one(false, true),
    } as const;
    const countIncludePad = draw.one(false, true);
    return {
      inputs: [draw.floats(draw.images())],
      build: ([x]) => [
        maxPool2d(x, options).output,
        avgPool2d(x, { ...options, countIncludePad }),
        globalAvgPool2d(x),
      ],
      differentiable: true,
    };
  },
  "adaptive pools"(draw) {
    const outputSize = draw.pair(1, 13);
    return {
      inputs: [draw.floats(draw.images())],
      build: ([x]) => [adaptiveAvgPool2d(x, outputSize)],
      differentiable: true,
    };
  },
};
