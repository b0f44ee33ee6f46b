import { flipEntry, mirrored } from "./flips.ts";

/** As torchvision's `RandomHorizontalFlip`. */
export const horizontalFlip = flipEntry("Mirror left to right, at random", mirrored);
