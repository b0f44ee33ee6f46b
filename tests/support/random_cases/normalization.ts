/** Normalization over a batch or of each image. */
import { channelAffine } from "../../../ops/channel_affine.ts";
import { channelMoments } from "../../../ops/channel_moments.ts";
import { channelNormalize } from "../../../ops/channel_normalize.ts";
import { groupNorm, layerNorm2d } from "../../../ops/row_normalize.ts";
import type { Draw } from "../draw.ts";
import type { Families } from "./case.ts";

/** Images around a random mean, and a scale and a shift for each channel. */
function affineInputs(draw: Draw, shape: readonly number[]) {
  const mean = draw.one(0, 30);
  return [
    draw.floats(shape, mean - 1, mean + 1),
    draw.floats([shape[1]]),
    draw.floats([shape[1]]),
  ];
}

export const NORMALIZATION: Families = {
  "normalization"(draw) {
    const shape = draw.images();
    return {
      inputs: affineInputs(draw, shape),
      build([x, weight, bias]) {
        const { mean, variance } = channelMoments(x);
        return [channelNormalize(x, mean, variance, { weight, bias, eps: 1e-3 }), mean];
      },
      differentiable: true,
    };
  },
  "normalization of images"(draw) {
    const groups = draw.whole(1, 3);
    const shape = draw.images(groups * draw.whole(1, 30));
    return {
      inputs: affineInputs(draw, shape),
      build: ([x, weight, bias]) => [
        layerNorm2d(x, { affine: { weight, bias }, eps: 1e-3 }),
        channelAffine(groupNorm(x, groups, { eps: 1e-3 }), weight, bias),
      ],
      differentiable: true,
    };
  },
};
