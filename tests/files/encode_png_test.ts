import { assertEquals } from "@std/assert";
import { decodePicture } from "../../files/decode.ts";
import { encodePng } from "../../files/encode_png.ts";
import { toRaster } from "../../files/raster.ts";

Deno.test("an encoded PNG decodes to the same image, grey or RGB", async () => {
  for (const [channels, width, height] of [[3, 7, 5], [1, 4, 3], [3, 1, 1]]) {
    const data = Uint8Array.from(
      { length: channels * width * height },
      (_, i) => (i * 73 + 31 * (i >> 3)) & 255,
    );
    const file = new Uint8Array(await encodePng({ height, width, channels, data }));
    const read = await decodePicture(file, (damage) => {
      throw new Error(damage);
    });
    assertEquals(toRaster(read, channels), { height, width, channels, data });
  }
});
