import type { Raster } from "../../files/raster.ts";
import { type Interpolation, resample } from "../../files/resample.ts";
import { z } from "../../schema/entry.ts";
import type { PictureSize, TransformEntry } from "../transform.ts";
import { interpolationOf, sizeSchema } from "./options.ts";

const schema = z.object({
  size: sizeSchema.describe("The short side, or [height, width]"),
  maxSize: z.int().min(1).optional().describe("Most pixels of the long side, with one size"),
  interpolation: interpolationOf("bilinear"),
}).refine(
  ({ size, maxSize }) => maxSize === undefined || typeof size === "number" && maxSize > size,
  { path: ["maxSize"], error: "expected more than size, which has to be one number" },
);

type ResizeOptions = z.output<typeof schema>;

/** Like torchvision's `Resize` on PIL images. */
export const resize: TransformEntry<typeof schema> = {
  about: "Scale, by the short side or to a height and width",
  schema,
  build(options) {
    return {
      sizeAfter: (size) => size ? resized(size, options) : fixed(options),
      apply: (picture) => scaled(picture, resized(picture, options), options.interpolation),
    };
  },
};

/** A whole image scaled. */
export function scaled(picture: Raster, to: PictureSize, interpolation: Interpolation): Raster {
  const { height, width } = picture;
  if (height === to.height && width === to.width) return picture;
  return resample(picture, { top: 0, left: 0, height, width }, to, interpolation);
}

function fixed({ size }: ResizeOptions): PictureSize | undefined {
  return typeof size === "number" ? undefined : { height: size[0], width: size[1] };
}

function resized(from: PictureSize, { size, maxSize }: ResizeOptions): PictureSize {
  if (typeof size !== "number") return { height: size[0], width: size[1] };
  const isUpright = from.height > from.width;
  const [short, long] = isUpright ? [from.width, from.height] : [from.height, from.width];
  let [newShort, newLong] = [size, Math.trunc(size * long / short)];
  if (maxSize !== undefined && newLong > maxSize) {
    [newShort, newLong] = [Math.max(1, Math.trunc(maxSize * newShort / newLong)), maxSize];
  }
  return isUpright ? { height: newLong, width: newShort } : { height: newShort, width: newLong };
}
