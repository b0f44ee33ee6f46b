import { crop, type Part, type Raster } from "../../files/raster.ts";
import { z } from "../../schema/entry.ts";
import type { PictureSize, TransformEntry } from "../transform.ts";
import { roundHalfEven } from "./draws.ts";
import { sizeOfOption, sizeSchema } from "./options.ts";

const schema = z.object({
  size: sizeSchema.describe("Side of a square, or [height, width]"),
});

/** Like torchvision's `CenterCrop`. */
export const centerCrop: TransformEntry<typeof schema> = {
  about: "Crop the centre; a smaller image is padded with zeros",
  schema,
  build({ size }) {
    const extents = sizeOfOption(size);
    return {
      sizeAfter: () => extents,
      shows: (size) => centreOf(size, extents),
      apply: (picture) => cropCentre(picture, extents),
    };
  },
};

/** The centre of an image. */
export function cropCentre(picture: Raster, size: PictureSize): Raster {
  return crop(picture, centreOf(picture, size));
}

function centreOf(picture: PictureSize, { height, width }: PictureSize): Part {
  const [top, left] = [firstOf(picture.height, height), firstOf(picture.width, width)];
  return { top, left, height, width };
}

/** Where the middle `count` of `all` begin. */
function firstOf(all: number, count: number): number {
  return count > all ? -Math.floor((count - all) / 2) : roundHalfEven((all - count) / 2);
}
