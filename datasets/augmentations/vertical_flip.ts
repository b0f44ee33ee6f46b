import { z } from "../../schema/entry.ts";
import type { AugmentationEntry } from "../augmentation.ts";

const schema = z.object({});

/** Like torchvision's `RandomVerticalFlip`. */
export const verticalFlip: AugmentationEntry<typeof schema> = {
  about: "Mirror top to bottom with probability one half",
  schema,
  build: () => ({
    apply(image, { height, width, channels }, random) {
      if (random.integer(2) === 0) return;
      const size = width * channels;
      for (let top = 0, bottom = height - 1; top < bottom; top++, bottom--) {
        const row = image.slice(top * size, (top + 1) * size);
        image.copyWithin(top * size, bottom * size, (bottom + 1) * size);
        image.set(row, bottom * size);
      }
    },
  }),
};
