import { assertEquals } from "@std/assert";
import type { Raster } from "../../files/raster.ts";
import { resample } from "../../files/resample.ts";

/** One channel of an image. */
function channelOf({ data, channels, ...size }: Raster, channel: number): Raster {
  return { ...size, channels: 1, data: data.filter((_, i) => i % channels === channel) };
}

Deno.test("channels are scaled independently, however many", () => {
  const [height, width] = [9, 14];
  const part = { top: 1, left: 2, height: 7, width: 11 };
  for (const channels of [2, 3, 4, 5, 8, 9]) {
    const data = Uint8Array.from({ length: height * width * channels }, (_, i) => i * i % 251);
    const picture = { height, width, channels, data };
    for (const size of [{ height: 5, width: 6 }, { height: 7, width: 23 }]) {
      for (const interpolation of ["bilinear", "bicubic"] as const) {
        const scaled = resample(picture, part, size, interpolation);
        for (let channel = 0; channel < channels; channel++) {
          assertEquals(
            channelOf(scaled, channel),
            resample(channelOf(picture, channel), part, size, interpolation),
          );
        }
      }
    }
  }
});
