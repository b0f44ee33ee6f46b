import { z } from "../../schema/entry.ts";
import type { AugmentationEntry } from "../augmentation.ts";

const schema = z.object({});

/** Like torchvision's `RandomHorizontalFlip`; applied by the training step. */
export const horizontalFlip: AugmentationEntry<typeof schema> = {
  about: "Mirror left to right with probability one half",
  schema,
  build: () => ({ transform: { flip: true } }),
};
