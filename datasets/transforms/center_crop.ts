import { crop, type Raster } from "../../files/raster.ts";
import { z } from "../../schema/entry.ts";
import type { PictureSize, TransformEntry } from "../transform.ts";
import { roundHalfEven } from "./draws.ts";
import { sizeOfOption, sizeSchema } from "./options.ts";

const schema = z.object({
  size: sizeSchema.describe("Side of a square, or [height, width]"),
});

/** As torchvision's `CenterCrop`. */
export const centerCrop: TransformEntry<typeof schema> = {
  about: "Cut out the centre; a smaller picture gets zeros around it",
  schema,
  build({ size }) {
    const extents = sizeOfOption(size);
    return { sizeAfter: () => extents, apply: (picture) => cropCentre(picture, extents) };
  },
};

/** The centre of a picture. */
export function cropCentre(picture: Raster, { height, width }: PictureSize): Raster {
  const top = firstOf(picture.height, height);
  return crop(picture, { top, left: firstOf(picture.width, width), height, width });
}

/** Where the middle `count` of `all` begin. */
function firstOf(all: number, count: number): number {
  return count > all ? -Math.floor((count - all) / 2) : roundHalfEven((all - count) / 2);
}
