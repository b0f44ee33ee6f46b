import { InputError } from "../../errors.ts";
import { crop, type Raster } from "../../files/raster.ts";
import { z } from "../../schema/entry.ts";
import type { PictureSize, TransformEntry } from "../transform.ts";
import { sizeOfOption, sizeSchema } from "./options.ts";
import { type Filling, fillOptions, padded, paddingSchema, sidesOf } from "./pad.ts";

const schema = z.object({
  size: sizeSchema.describe("Side of a square, or [height, width]"),
  padding: paddingSchema.default(0).describe(
    "Padding added first: on all sides, [left and right, top and bottom] or [left, top, right, " +
      "bottom]",
  ),
  padIfNeeded: z.boolean().default(false).describe("Pad an image that is too small"),
  ...fillOptions,
});

/** Like torchvision's `RandomCrop`. */
export const randomCrop: TransformEntry<typeof schema> = {
  about: "Crop at a random position",
  schema,
  build({ size, padding, padIfNeeded, ...filling }) {
    const extents = sizeOfOption(size);
    const sides = sidesOf(padding);
    return {
      isRandom: true,
      sizeAfter: () => extents,
      apply(picture, random) {
        const around = padded(picture, sides, filling);
        const large = padIfNeeded ? enlarged(around, extents, filling) : around;
        const rests = [large.height - extents.height, large.width - extents.width];
        if (rests.some((rest) => rest < 0)) {
          throw new InputError(
            `random_crop: an image of ${large.height}x${large.width} is smaller than the crop of ` +
              `${extents.height}x${extents.width}; put resize before it, or set padIfNeeded: true`,
          );
        }
        const [top, left] = rests.map((rest) => random.integer(rest + 1));
        return crop(large, { top, left, ...extents });
      },
    };
  },
};

function enlarged(picture: Raster, { height, width }: PictureSize, filling: Filling): Raster {
  const across = Math.max(0, width - picture.width);
  const wide = padded(picture, { left: across, right: across, top: 0, bottom: 0 }, filling);
  const down = Math.max(0, height - picture.height);
  return padded(wide, { left: 0, right: 0, top: down, bottom: down }, filling);
}
