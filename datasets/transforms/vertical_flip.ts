import { flipEntry, turned } from "./flips.ts";

/** Like torchvision's `RandomVerticalFlip`. */
export const verticalFlip = flipEntry("Turn upside down, at random", turned);
