import { assert, assertEquals } from "@std/assert";
import { heatPicture } from "../../cli/heat_picture.ts";
import { emptyRaster } from "../../files/raster.ts";

/** An image of a single grey. */
function grey(height: number, width: number) {
  const picture = emptyRaster(height, width, 1);
  picture.data.fill(100);
  return picture;
}

const pixel = (
  { width, data }: { width: number; data: Uint8Array },
  row: number,
  column: number,
) => [...data.subarray(3 * (row * width + column), 3 * (row * width + column) + 3)];

Deno.test("only positive heat is drawn", () => {
  const values = [0, -5, 0, 2];
  const part = { top: 0, left: 0, height: 8, width: 8 };
  const drawn = heatPicture(grey(8, 8), { height: 2, width: 2, values }, part);
  assertEquals(pixel(drawn, 0, 0), [100, 100, 100]);
  assertEquals(pixel(drawn, 0, 7), [100, 100, 100]);
  const [red, green, blue] = pixel(drawn, 7, 7);
  assert(red > 200 && green > 150 && blue < 100);
  // Half as hot halfway to the centre of its cell: red.
  const [redder, greener] = pixel(drawn, 4, 7);
  assert(redder > greener + 50);
});

Deno.test("the image is darkened outside the part that the heat covers", () => {
  const heat = { height: 1, width: 1, values: [1] };
  const drawn = heatPicture(grey(4, 8), heat, { top: 0, left: 2, height: 4, width: 4 });
  const isDark = (column: number) => String(pixel(drawn, 2, column)) === "40,40,40";
  assertEquals([1, 2, 5, 6].map(isDark), [true, false, false, true]);
});

Deno.test("without heat the image stays grey", () => {
  const heat = { height: 2, width: 1, values: [-1, 0] };
  const drawn = heatPicture(grey(4, 4), heat, { top: 0, left: 0, height: 4, width: 4 });
  assertEquals(drawn.data, new Uint8Array(48).fill(100));
});
