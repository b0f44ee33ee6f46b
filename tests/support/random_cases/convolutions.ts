/** Convolutions and composed kernels. */
import { composeKernel } from "../../../ops/compose_kernel.ts";
import { conv2d } from "../../../ops/conv2d.ts";
import type { Families } from "./case.ts";

export const CONVOLUTIONS: Families = {
  "convolutions"(draw) {
    const groups = draw.one(1, 1, 2, 4);
    const groupIn = draw.whole(1, 9), outChannels = groups * draw.whole(1, 9);
    const input = draw.images(groups * groupIn);
    const dilation = draw.one(1, 1, 2);
    const options = {
      stride: draw.pair(1, 3),
      padding: draw.pair(0, 3),
      dilation,
      groups,
      paddingMode: draw.one("zeros", "zeros", "reflect", "replicate", "circular"),
    } as const;
    const kernel = [outChannels, groupIn, ...draw.pair(1, dilation === 1 ? 4 : 2)];
    return {
      inputs: [draw.floats(input), draw.floats(kernel), draw.floats([outChannels])],
      build: ([x, weight, bias]) => [conv2d(x, weight, bias, options)],
      differentiable: true,
    };
  },
  "kernel composition"(draw) {
    const groups = draw.one(1, 2, 3);
    const kernelSize = draw.pair(1, 3);
    const area = kernelSize[0] * kernelSize[1];
    const groupIn = draw.whole(1, 5), outChannels = groups * draw.whole(1, 5);
    const multiplier = area + draw.whole(0, area + 3);
    const options = { kernelSize, groups, pairing: draw.one("paper", "authors") } as const;
    return {
      inputs: [
        draw.floats([outChannels, groupIn, multiplier]),
        draw.floats([groups * groupIn, area, multiplier]),
      ],
      build: ([w, d]) => [composeKernel(w, d, options)],
      differentiable: true,
    };
  },
};
