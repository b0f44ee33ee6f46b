import { InputError } from "../../errors.ts";
import { z } from "../../schema/entry.ts";
import type { AugmentationEntry } from "../augmentation.ts";
import { probabilityOf, rangeSchema } from "../transforms/options.ts";

const number = z.number();

const schema = z.object({
  p: probabilityOf(0.5),
  scale: rangeSchema(1e-6, 1).default([0.02, 0.33]).describe(
    "Smallest and largest share of the image's area",
  ),
  ratio: rangeSchema(0.01, 100).default([0.3, 3.3]).describe(
    "Smallest and largest aspect ratio of the rectangle",
  ),
  value: z.union([number, z.array(number).min(1), z.literal("random")]).default(0).describe(
    "Fill after normalization, where 0 is the mean: one number, one per channel, or " +
      "random for noise",
  ),
});

/** Like torchvision's `RandomErasing`; applied by the training step, after normalization. */
export const randomErasing: AugmentationEntry<typeof schema> = {
  about: "Erase a random rectangle with a given probability",
  schema,
  build({ value, ...laws }, shape) {
    if (shape && Array.isArray(value) && value.length !== shape.channels) {
      throw new InputError(
        `found ${value.length} numbers, expected one or ${shape.channels}, one per channel`,
        { at: ["value"] },
      );
    }
    return { transform: { erasing: { ...laws, value } } };
  },
};
