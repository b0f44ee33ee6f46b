import { z } from "../../schema/entry.ts";
import type { AugmentationEntry } from "../augmentation.ts";

const schema = z.object({});

/** As torchvision's `RandomHorizontalFlip`; the training step carries it out. */
export const horizontalFlip: AugmentationEntry<typeof schema> = {
  about: "Mirror left to right with probability one half",
  schema,
  build: () => ({ transform: { flip: true } }),
};
