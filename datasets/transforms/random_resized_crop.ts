import type { Part } from "../../files/raster.ts";
import { resample } from "../../files/resample.ts";
import type { RandomStream } from "../../graph/random.ts";
import { z } from "../../schema/entry.ts";
import type { PictureSize, TransformEntry } from "../transform.ts";
import {
  between,
  interpolationOf,
  rangeSchema,
  roundHalfEven,
  sizeOfOption,
  sizeSchema,
} from "./options.ts";

/** Parts that are tried before the centre is taken. */
const TRIALS = 10;

const schema = z.object({
  size: sizeSchema.describe("Side of a square, or [height, width]"),
  scale: rangeSchema(1e-6, 1).default([0.08, 1]).describe(
    "Least and largest share of the picture's area",
  ),
  ratio: rangeSchema(0.01, 100).default([3 / 4, 4 / 3]).describe(
    "Least and largest width over height",
  ),
  interpolation: interpolationOf("bilinear"),
});

type Laws = Pick<z.output<typeof schema>, "scale" | "ratio">;

/** As torchvision's `RandomResizedCrop`, of PIL's pictures. */
export const randomResizedCrop: TransformEntry<typeof schema> = {
  about: "Cut out a part of random place, area and proportions, and scale it",
  schema,
  build({ size, interpolation, ...laws }) {
    const extents = sizeOfOption(size);
    return {
      isRandom: true,
      sizeAfter: () => extents,
      apply: (picture, random) =>
        resample(picture, drawPart(picture, laws, random), extents, interpolation),
    };
  },
};

/** A part by torchvision's laws. */
export function drawPart(
  { height, width }: PictureSize,
  { scale, ratio }: Laws,
  random: RandomStream,
): Part {
  for (let trial = 0; trial < TRIALS; trial++) {
    const area = height * width * between(scale, random);
    const aspect = Math.exp(between(ratio.map(Math.log), random));
    const part = {
      width: roundHalfEven(Math.sqrt(area * aspect)),
      height: roundHalfEven(Math.sqrt(area / aspect)),
    };
    const fits = part.width > 0 && part.width <= width && part.height > 0 && part.height <= height;
    if (!fits) continue;
    const top = random.integer(height - part.height + 1);
    return { ...part, top, left: random.integer(width - part.width + 1) };
  }
  const [narrowest, widest] = ratio;
  const part = { height, width };
  if (width / height < narrowest) part.height = Math.max(1, roundHalfEven(width / narrowest));
  else if (width / height > widest) part.width = Math.max(1, roundHalfEven(height * widest));
  return {
    ...part,
    top: Math.floor((height - part.height) / 2),
    left: Math.floor((width - part.width) / 2),
  };
}
