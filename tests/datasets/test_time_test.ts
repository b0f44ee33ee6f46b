import { assertEquals, assertThrows } from "@std/assert";
import { inSeveralViews } from "../../datasets/sources/transformed.ts";
import { openSource } from "../../datasets/sources/registry.ts";
import { type TestTime, testTimeView, viewCount } from "../../datasets/test_time.ts";
import type { TransformChoice } from "../../datasets/transforms/registry.ts";
import { InputError } from "../../errors.ts";
import { fit } from "../../files/pixels.ts";
import { crop, emptyRaster, type Raster } from "../../files/raster.ts";
import { imageSize } from "../../datasets/image_source.ts";
import { tinyDataset } from "../support/tiny_training.ts";

/** An image whose pixels encode their row and column. */
function picture(height: number, width: number): Raster {
  const result = emptyRaster(height, width, 1);
  result.data.forEach((_, i) => result.data[i] = 16 * Math.floor(i / width) + i % width);
  return result;
}

/** The pixels of each view. */
function views(
  testTime: TestTime,
  transforms: TransformChoice[] | undefined,
  of = picture(5, 6),
): number[][] {
  const input = { height: 2, width: 2 };
  const { data, height } = testTimeView({ input, transforms }, testTime)(of);
  assertEquals(height, 2 * viewCount(testTime));
  return Array.from({ length: height / 2 }, (_, i) => [...data.subarray(4 * i, 4 * i + 4)]);
}

const CENTRE: TransformChoice[] = [{ name: "center_crop", size: 2 }];

Deno.test("flip gives an image unchanged and mirrored", () => {
  assertEquals(views("flip", CENTRE), [[34, 35, 50, 51], [35, 34, 51, 50]]);
});

Deno.test("five_crop gives the corners and the centre, ten_crop also their mirror images", () => {
  const crops = [
    [0, 1, 16, 17],
    [4, 5, 20, 21],
    [48, 49, 64, 65],
    [52, 53, 68, 69],
    [34, 35, 50, 51],
  ];
  assertEquals(views("five_crop", CENTRE), crops);
  const mirrored = crops.map(([a, b, c, d]) => [b, a, d, c]);
  assertEquals(views("ten_crop", CENTRE), [...crops, ...mirrored]);
  const whole = views("five_crop", [{ name: "center_crop", size: 4 }, { name: "resize", size: 2 }]);
  assertEquals(new Set(whole.map(String)).size, 5);
});

Deno.test("with fit, crops are taken from an image larger by 8 / 7", () => {
  const input = { height: 14, width: 14 };
  const of = picture(14, 20);
  const { data } = testTimeView({ input }, "five_crop")(of);
  const larger = fit(of, { height: 16, width: 16 });
  const bottomRight = crop(larger, { top: 2, left: 2, ...input });
  assertEquals(data.subarray(3 * 196, 4 * 196), bottomRight.data);
  const transforms: TransformChoice[] = [{ name: "fit", size: 14 }];
  assertEquals(testTimeView({ input, transforms }, "five_crop")(of).data, data);
});

Deno.test("views without a crop to replace or with random transforms are rejected", () => {
  const resized: TransformChoice[] = [{ name: "resize", size: [2, 2] }];
  assertThrows(() => views("five_crop", resized), InputError, "five_crop replaces center_crop or");
  assertEquals(views("flip", resized).length, 2);
  const drawn: TransformChoice[] = ["horizontal_flip", ...CENTRE];
  assertThrows(() => views("five_crop", drawn), InputError, "horizontal_flip is random");
});

Deno.test("a source serves several views, from its handle too", async () => {
  const { test } = await tinyDataset();
  const source = inSeveralViews(test, "flip");
  assertEquals(source.shape, { ...test.shape, height: 2 * test.shape.height });
  const size = imageSize(test.shape);
  const [plain, both, again] = [size, 2 * size, 2 * size].map((length) => new Uint8Array(length));
  await test.read(3, 0, plain);
  await source.read(3, 0, both);
  await (await openSource(source.handle!)).read(3, 0, again);
  assertEquals(both.subarray(0, size), plain);
  const { height, width, channels } = test.shape;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const at = (row * width + column) * channels;
      const from = (row * width + width - 1 - column) * channels;
      assertEquals(
        both.subarray(size + at, size + at + channels),
        plain.subarray(from, from + channels),
      );
    }
  }
  assertEquals(again, both);
});
