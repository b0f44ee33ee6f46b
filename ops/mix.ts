/** Images mixed with others of their batch, as by mixup and CutMix. */
import { apply, type Operand } from "../graph/trace.ts";
import type { Op, Value } from "../graph/types.ts";
import { requireDType, requireFloats, requireRank, requireShape } from "./checks.ts";

/**
 * Numbers that describe what an image is mixed with: the other image, then top, left, bottom,
 * right.
 */
export const MIX_FIELDS = 5;

export const mixOp: Op = {
  name: "mix",
  inputNames: ["input", "partners", "shares"],
  infer([input, partners, shares]) {
    requireFloats("mix", ["input"], [input]);
    requireRank("mix", "input", input.shape, 4, "[batch, channels, height, width]");
    requireDType("mix", "partners", partners, "i32");
    requireShape("mix", "partners", partners.shape, [input.shape[0], MIX_FIELDS]);
    requireFloats("mix", ["shares"], [shares]);
    requireShape("mix", "shares", shares.shape, [input.shape[0]]);
    return [input];
  },
  evaluate([{ shape, data }, partners, shares]) {
    const [, channels, height, width] = shape;
    const size = channels * height * width;
    return [data.map((own, i) => {
      const n = Math.floor(i / size);
      const [partner, top, left, bottom, right] = partners.data.subarray(MIX_FIELDS * n);
      const y = Math.floor(i / width) % height;
      const x = i % width;
      const isInside = y >= top && y < bottom && x >= left && x < right;
      const share = isInside ? 0 : shares.data[n];
      return share * own + (1 - share) * data[partner * size + i % size];
    })];
  },
  multiplyAccumulates: () => 0,
  samples: [{
    operands: [[2, 3, 4, 4], { shape: [2, 5], dtype: "i32" }, {
      shape: [2],
      range: [0, 1],
      constant: true,
    }],
    attributes: {},
  }],
};

/**
 * Each image of `input` [N, C, H, W] mixed with another. `partners` [N, 5] i32 holds for each image
 * the index of the other image in the batch, from 0 to N - 1, and a rectangle, from top and left to
 * before bottom and right: inside it is the other image. Outside, the image has the weight `shares`
 * [N], from 0 to 1, and the other image the rest. With empty rectangles that is mixup, with shares
 * of 1 CutMix. It has no gradient. Throws InputError where shapes do not fit.
 */
export function mix(input: Operand, partners: Operand, shares: Operand): Value {
  return apply(mixOp, [input, partners, shares], {})[0];
}
