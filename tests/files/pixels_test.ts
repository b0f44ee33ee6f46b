import { assert, assertEquals } from "@std/assert";
import resize from "npm:@jsquash/resize@2.1.1";
import { fit, type ImageShape, type Picture } from "../../files/pixels.ts";
import { toRaster } from "../../files/raster.ts";

/** An irregular, opaque image. */
function picture(width: number, height: number): ImageData {
  const data = Uint8ClampedArray.from(
    { length: 4 * width * height },
    (_, i) => i % 4 === 3 ? 255 : 128 + 127 * Math.sin(i * 0.37) + i * 7919 % 31,
  );
  return new ImageData(data, width, height);
}

/** An image as a network takes it. */
function networkPixels(picture: Picture, size: ImageShape): Uint8Array {
  return fit(toRaster(picture, size.channels), size).data;
}

Deno.test("images are cropped and scaled as by Squoosh's triangle filter", async () => {
  const cases = [[100, 60, 32, 32], [60, 100, 28, 28], [10, 10, 32, 24], [300, 200, 16, 40]];
  for (const [fromWidth, fromHeight, width, height] of cases) {
    const from = picture(fromWidth, fromHeight);
    const pixels = networkPixels(from, { width, height, channels: 3 });
    const expected = await resize(from, {
      width,
      height,
      method: "triangle",
      fitMethod: "contain",
      linearRGB: false,
      premultiply: false,
    });
    const oracle = networkPixels(expected, { width, height, channels: 3 });
    assert(pixels.every((value, i) => Math.abs(value - oracle[i]) <= 1));
  }
});

Deno.test("an image of the network's size keeps its pixels; grey is the luma", () => {
  const from = picture(3, 2);
  assertEquals(
    [...networkPixels(from, { width: 3, height: 2, channels: 3 })],
    [...from.data].filter((_, i) => i % 4 !== 3),
  );
  assertEquals(
    [...networkPixels(
      { width: 1, height: 1, data: [255, 0, 0, 255] },
      { width: 1, height: 1, channels: 1 },
    )],
    [76],
  );
});
