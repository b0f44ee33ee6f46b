/** Mirrors images. */
import { emptyRaster, type Raster } from "../../files/raster.ts";
import { z } from "../../schema/entry.ts";
import type { TransformEntry } from "../transform.ts";
import { probabilityOf } from "./options.ts";

/** Left to right. */
export function mirrored({ height, width, channels, data }: Raster): Raster {
  const result = emptyRaster(height, width, channels);
  const { data: held } = result;
  const length = width * channels;
  for (let start = 0, to = 0; start < held.length; start += length) {
    for (let from = start + length - channels; from >= start; from -= channels) {
      held[to++] = data[from];
      for (let channel = 1; channel < channels; channel++) held[to++] = data[from + channel];
    }
  }
  return result;
}

/** Upside down. */
export function turned({ height, width, channels, data }: Raster): Raster {
  const result = emptyRaster(height, width, channels);
  const length = width * channels;
  for (let row = 0; row < height; row++) {
    result.data.set(data.subarray(row * length, (row + 1) * length), (height - 1 - row) * length);
  }
  return result;
}

const schema = z.object({ p: probabilityOf(0.5) });

/** The entry of a transform that mirrors images at random. */
export function flipEntry(
  about: string,
  flip: (picture: Raster) => Raster,
): TransformEntry<typeof schema> {
  return {
    about,
    schema,
    build: ({ p }) => ({
      isRandom: true,
      sizeAfter: (size) => size,
      apply: (picture, random) => random.uniform() < p ? flip(picture) : picture,
    }),
  };
}
