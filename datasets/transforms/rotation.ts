import { z } from "../../schema/entry.ts";
import type { TransformEntry } from "../transform.ts";
import { between } from "./draws.ts";
import { degreesSchema, fillSchema, interpolationOf, rangeOf } from "./options.ts";
import { rotated } from "./warp.ts";

const schema = z.object({
  degrees: degreesSchema,
  interpolation: interpolationOf("nearest"),
  expand: z.boolean().default(false).describe(
    "Enlarge the image so that no corner is lost",
  ),
  fill: fillSchema,
});

/** Like torchvision's `RandomRotation`. */
export const rotation: TransformEntry<typeof schema> = {
  about: "Rotate by a random angle about the centre",
  schema,
  build: ({ degrees, interpolation, expand, fill }) => ({
    isRandom: true,
    sizeAfter: (size) => expand ? undefined : size,
    apply: (picture, random) =>
      rotated(picture, between(rangeOf(degrees), random), interpolation, fill, { expand }),
  }),
};
