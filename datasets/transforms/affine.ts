import { z } from "../../schema/entry.ts";
import type { TransformEntry } from "../transform.ts";
import { between, roundHalfEven } from "./draws.ts";
import { degreesSchema, fillSchema, interpolationOf, rangeOf, rangeSchema } from "./options.ts";
import { affineMatrix, warped } from "./warp.ts";

const share = z.number().min(0).max(1);
const angles = rangeSchema(-360, 360);

const schema = z.object({
  degrees: degreesSchema,
  translate: z.tuple([share, share]).default([0, 0]).describe(
    "Largest shift, [across, down], as fractions of width and height",
  ),
  scale: rangeSchema(1e-3, 1e3).default([1, 1]).describe("Smallest and largest scale factor"),
  shear: z.union([z.number().min(0).max(360), angles]).default(0).describe(
    "Degrees of horizontal shear: v for -v to v, or [least, largest]",
  ),
  interpolation: interpolationOf("nearest"),
  fill: fillSchema,
});

/** Like torchvision's `RandomAffine`. */
export const affine: TransformEntry<typeof schema> = {
  about: "Rotate, shift, scale and shear at random",
  schema,
  build: ({ degrees, translate, scale, shear, interpolation, fill }) => ({
    isRandom: true,
    sizeAfter: (size) => size,
    apply(picture, random) {
      const { height, width } = picture;
      const angle = between(rangeOf(degrees), random);
      const [x, y] = [translate[0] * width, translate[1] * height]
        .map((most) => roundHalfEven(between([-most, most], random)));
      const change = {
        angle,
        translate: [x, y] as const,
        scale: between(scale, random),
        shear: [between(rangeOf(shear), random), 0] as const,
      };
      const matrix = affineMatrix(change, [width / 2, height / 2]);
      return warped(picture, matrix, interpolation, fill);
    },
  }),
};
