import { InputError } from "../../errors.ts";
import { z } from "../../schema/entry.ts";
import type { AugmentationEntry } from "../augmentation.ts";

const schema = z.object({
  padding: z.int().min(1).describe("Pixels of zeros on every side"),
});

/** Like torchvision's `RandomCrop` to the image's own size; applied by the training step. */
export const randomCrop: AugmentationEntry<typeof schema> = {
  about: "Pad with zeros, then crop at random to the original size",
  schema,
  build({ padding }, shape) {
    if (shape && padding >= Math.min(shape.height, shape.width)) {
      throw new InputError(
        `found ${padding}; images of ${shape.height}x${shape.width} need less than ` +
          `${Math.min(shape.height, shape.width)}, or a crop may miss the image`,
        { at: ["padding"] },
      );
    }
    return { transform: { padding } };
  },
};
