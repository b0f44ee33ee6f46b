import { flipEntry, turned } from "./flips.ts";

/** As torchvision's `RandomVerticalFlip`. */
export const verticalFlip = flipEntry("Turn upside down, at random", turned);
