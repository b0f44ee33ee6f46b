import { z } from "../../schema/entry.ts";
import type { TransformEntry } from "../transform.ts";
import { pairsOf, POLICY_NAMES } from "./auto_augment_pairs.ts";
import { fillSchema, interpolationOf } from "./options.ts";
import { FIXED, operate, type OperationName, SPACE } from "./policies.ts";

/** Number of magnitudes of an operation. */
const BINS = 10;

const schema = z.object({
  policy: z.enum(POLICY_NAMES).default("imagenet").describe("The dataset it was found on"),
  interpolation: interpolationOf("nearest"),
  fill: fillSchema,
});

/** Like torchvision's `AutoAugment` (E. D. Cubuk and others, 2019). */
export const autoAugment: TransformEntry<typeof schema> = {
  about: "A pair of operations drawn from 25, each with its probability and strength",
  schema,
  build({ policy, ...moving }) {
    const pairs = pairsOf(policy);
    return {
      isRandom: true,
      sizeAfter: (size) => size,
      apply: (picture, random) =>
        pairs[random.integer(pairs.length)].reduce((changed, [name, probability, bin]) => {
          if (random.uniform() >= probability) return changed;
          const operation = name as OperationName;
          const strength = SPACE.get(operation) ?? FIXED;
          return operate(changed, [operation, strength], bin / (BINS - 1), moving, random);
        }, picture),
    };
  },
};
