import { z } from "../../schema/entry.ts";
import type { TransformEntry } from "../transform.ts";
import { fillSchema, interpolationOf } from "./options.ts";
import { operate, SPACE } from "./policies.ts";

/** The operations, all equally likely. */
const ALL = [...SPACE];

const schema = z.object({
  numOps: z.int().min(1).max(16).default(2).describe("Number of operations in sequence"),
  magnitude: z.int().min(0).default(9).describe("How strong, from 0 to magnitudeBins - 1"),
  magnitudeBins: z.int().min(2).max(1000).default(31).describe("Number of strengths"),
  interpolation: interpolationOf("nearest"),
  fill: fillSchema,
}).refine(({ magnitude, magnitudeBins }) => magnitude < magnitudeBins, {
  path: ["magnitude"],
  error: "expected less than magnitudeBins",
});

/** Like torchvision's `RandAugment` (E. D. Cubuk and others, 2020). */
export const randAugment: TransformEntry<typeof schema> = {
  about: "A few operations drawn from 14, all of the same strength",
  schema,
  build: ({ numOps, magnitude, magnitudeBins, ...moving }) => ({
    isRandom: true,
    sizeAfter: (size) => size,
    apply(picture, random) {
      let changed = picture;
      for (let i = 0; i < numOps; i++) {
        const operation = ALL[random.integer(ALL.length)];
        changed = operate(changed, operation, magnitude / (magnitudeBins - 1), moving, random);
      }
      return changed;
    },
  }),
};
