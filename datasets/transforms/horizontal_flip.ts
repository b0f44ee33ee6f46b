import { flipEntry, mirrored } from "./flips.ts";

/** Like torchvision's `RandomHorizontalFlip`. */
export const horizontalFlip = flipEntry("Mirror left to right, at random", mirrored);
