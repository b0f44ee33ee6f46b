import { emptyRaster, type Raster } from "../../files/raster.ts";
import { z } from "../../schema/entry.ts";
import type { PictureSize, TransformEntry } from "../transform.ts";
import { fillSchema } from "./options.ts";

const pixels = z.int().min(0).max(2 ** 15);

/** Pixels on the sides. */
export const paddingSchema = z.union([
  pixels,
  z.tuple([pixels, pixels]),
  z.tuple([pixels, pixels, pixels, pixels]),
]);

/** The kinds of padding. */
export const fillOptions = {
  fill: fillSchema,
  paddingMode: z.enum(["constant", "edge", "reflect", "symmetric"]).default("constant").describe(
    "Padding: fill, the edge, or the mirror image without or with the edge",
  ),
};

/** The fill and the kind of padding. */
export type Filling = z.output<z.ZodObject<typeof fillOptions>>;

const schema = z.object({
  padding: paddingSchema.describe(
    "Pixels on all sides, [left and right, top and bottom] or [left, top, right, bottom]",
  ),
  ...fillOptions,
});

/** Pixels on each side. */
interface Sides {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Like torchvision's `Pad`. */
export const pad: TransformEntry<typeof schema> = {
  about: "Pad the image",
  schema,
  build({ padding, ...filling }) {
    const sides = sidesOf(padding);
    return {
      sizeAfter: (size) => size && sizeWith(size, sides),
      shows: (size) => ({ top: -sides.top, left: -sides.left, ...sizeWith(size, sides) }),
      apply: (picture) => padded(picture, sides, filling),
    };
  },
};

function sizeWith(
  { height, width }: PictureSize,
  { left, top, right, bottom }: Sides,
): PictureSize {
  return { height: height + top + bottom, width: width + left + right };
}

/** The padding of each side. */
export function sidesOf(padding: z.output<typeof paddingSchema>): Sides {
  const [left, top, right = left, bottom = top] = typeof padding === "number"
    ? [padding, padding]
    : padding;
  return { left, top, right, bottom };
}

/** A padded image. */
export function padded(
  picture: Raster,
  { left, top, right, bottom }: Sides,
  { fill, paddingMode }: Filling,
): Raster {
  if (left + top + right + bottom === 0) return picture;
  const { height, width, channels, data } = picture;
  const result = emptyRaster(height + top + bottom, width + left + right, channels);
  const levels = typeof fill === "number" ? Array(channels).fill(fill) : fill;
  const rows = placesOf(height, top, result.height, paddingMode);
  const columns = placesOf(width, left, result.width, paddingMode);
  let to = 0;
  for (const row of rows) {
    for (const column of columns) {
      const isInside = row >= 0 && column >= 0;
      const from = (row * width + column) * channels;
      for (let channel = 0; channel < channels; channel++) {
        result.data[to++] = isInside ? data[from + channel] : levels[channel];
      }
    }
  }
  return result;
}

/** The source row or column of each one in the result, out of `count`; -1 for none. */
function placesOf(
  count: number,
  before: number,
  all: number,
  mode: Filling["paddingMode"],
): Int32Array {
  return Int32Array.from({ length: all }, (_, i) => {
    const place = i - before;
    if (place >= 0 && place < count) return place;
    if (mode === "constant") return -1;
    if (mode === "edge" || count === 1) return place < 0 ? 0 : count - 1;
    // Repeatedly back and forth.
    const period = mode === "reflect" ? 2 * count - 2 : 2 * count;
    const turn = ((place % period) + period) % period;
    return turn < count ? turn : period - turn - (mode === "reflect" ? 0 : 1);
  });
}
