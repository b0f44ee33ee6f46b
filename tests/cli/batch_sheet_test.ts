import { assert, assertEquals } from "@std/assert";
import { batchSheet } from "../../cli/batch_sheet.ts";
import type { Raster } from "../../files/raster.ts";

function plain(side: number, level: number, channels = 3): Raster {
  const data = new Uint8Array(side * side * channels).fill(level);
  return { height: side, width: side, channels, data };
}

const at = (
  { width, data }: Raster,
  x: number,
  y: number,
) => [...data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3)];

Deno.test("small images are enlarged and grey ones drawn as RGB, with text below", () => {
  const tiles = [10, 20, 30].map((level) => ({ picture: plain(8, level, 1), lines: ["I"] }));
  const { sheet, drawn } = batchSheet(tiles);
  assertEquals(drawn, 3);
  // Two columns of 96 pixels, with margins of 8.
  assertEquals(sheet.width, 8 + 2 * 104);
  assertEquals([at(sheet, 8, 8), at(sheet, 103, 103)], [[10, 10, 10], [10, 10, 10]]);
  assertEquals([at(sheet, 112, 8), at(sheet, 7, 8)], [[20, 20, 20], [255, 255, 255]]);
  assertEquals(at(sheet, 8, 106), [0, 0, 0]);
});

Deno.test("only as many images are drawn as fit", () => {
  const many = Array.from({ length: 200 }, () => ({ picture: plain(32, 9), lines: ["A", "B"] }));
  assertEquals(batchSheet(many).drawn, 64);
  const large = Array.from({ length: 9 }, () => ({ picture: plain(1500, 9), lines: [] }));
  const { sheet, drawn } = batchSheet(large);
  assertEquals(drawn, 4);
  assert(Math.max(sheet.width, sheet.height) <= 4096);
});
