import type { Part } from "../../files/raster.ts";
import { resample } from "../../files/resample.ts";
import type { RandomStream } from "../../graph/random.ts";
import { z } from "../../schema/entry.ts";
import type { PictureSize, TransformEntry } from "../transform.ts";
import { drawSides, roundHalfEven } from "./draws.ts";
import { interpolationOf, rangeSchema, sizeOfOption, sizeSchema } from "./options.ts";

/** Crops tried before the centre is used. */
const TRIALS = 10;

const schema = z.object({
  size: sizeSchema.describe("Side of a square, or [height, width]"),
  scale: rangeSchema(1e-6, 1).default([0.08, 1]).describe(
    "Smallest and largest share of the image's area",
  ),
  ratio: rangeSchema(0.01, 100).default([3 / 4, 4 / 3]).describe(
    "Smallest and largest aspect ratio (width / height)",
  ),
  interpolation: interpolationOf("bilinear"),
});

type Laws = Pick<z.output<typeof schema>, "scale" | "ratio">;

/** Like torchvision's `RandomResizedCrop` on PIL images. */
export const randomResizedCrop: TransformEntry<typeof schema> = {
  about: "Crop a part of random position, area and aspect ratio, and scale it",
  schema,
  build({ size, interpolation, ...laws }) {
    const extents = sizeOfOption(size);
    return {
      isRandom: true,
      sizeAfter: () => extents,
      partOf: (size, random) => drawPart(size, laws, random),
      apply: (picture, random) =>
        resample(picture, drawPart(picture, laws, random), extents, interpolation),
    };
  },
};

/** A crop drawn like torchvision's. */
export function drawPart(
  { height, width }: PictureSize,
  laws: Laws,
  random: RandomStream,
): Part {
  for (let trial = 0; trial < TRIALS; trial++) {
    const [columns, rows] = drawSides(height * width, laws, random);
    if (columns < 1 || columns > width || rows < 1 || rows > height) continue;
    const top = random.integer(height - rows + 1);
    return { top, left: random.integer(width - columns + 1), height: rows, width: columns };
  }
  const [narrowest, widest] = laws.ratio;
  const part = { height, width };
  if (width / height < narrowest) part.height = Math.max(1, roundHalfEven(width / narrowest));
  else if (width / height > widest) part.width = Math.max(1, roundHalfEven(height * widest));
  return {
    ...part,
    top: Math.floor((height - part.height) / 2),
    left: Math.floor((width - part.width) / 2),
  };
}
