import { z } from "../../schema/entry.ts";
import type { TransformEntry } from "../transform.ts";
import { between, degreesSchema, fillSchema, interpolationOf, rangeOf } from "./options.ts";
import { rotated } from "./warp.ts";

const schema = z.object({
  degrees: degreesSchema,
  interpolation: interpolationOf("nearest"),
  fill: fillSchema,
});

/** As torchvision's `RandomRotation`. */
export const rotation: TransformEntry<typeof schema> = {
  about: "Turn by a random angle about the centre",
  schema,
  build: ({ degrees, interpolation, fill }) => ({
    isRandom: true,
    sizeAfter: (size) => size,
    apply: (picture, random) =>
      rotated(picture, between(rangeOf(degrees), random), interpolation, fill),
  }),
};
