import { assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../../errors.ts";
import { decoded, patched, pictureFixture, reds } from "../../support/decoded.ts";

Deno.test("a truncated BMP file is read from the bottom as far as possible", async () => {
  const whole = await pictureFixture("bmp_24.bmp");
  const { picture: sound } = await decoded(whole);
  const { height } = sound;
  const stride = 4 * Math.ceil(sound.width * 3 / 4);
  const { picture, damage } = await decoded(whole.slice(0, -5 * stride - 1));
  assertEquals(damage, [
    `a damaged BMP file: it is truncated at byte ${54 + stride * (height - 5) - 1}`,
  ]);
  const black = new Array(4 * sound.width * 6).fill(0);
  assertEquals([...picture.data.subarray(0, black.length)], black);
  assertEquals([...picture.data.subarray(black.length)], [...sound.data.subarray(black.length)]);
  for (const length of [10, 30, 60]) {
    await assertRejects(
      () => decoded(whole.slice(0, length)),
      InputError,
      `truncated at byte ${length}`,
    );
  }
});

/** A run-length-encoded file of 6 × 4 pixels; colour i is the grey i. */
function runs(...packed: readonly number[]): Uint8Array<ArrayBuffer> {
  const palette = Array.from({ length: 256 }, (_, i) => [i, i, i, 0]).flat();
  const start = 54 + palette.length;
  const file = new Uint8Array(start + packed.length);
  file.set([0x42, 0x4d]);
  const view = new DataView(file.buffer);
  [[10, start], [14, 40], [18, 6], [22, 4], [26, 1 | 8 << 16], [30, 1]].forEach(([at, value]) =>
    view.setUint32(at, value, true)
  );
  file.set(palette, 54);
  file.set(packed, start);
  return file;
}

Deno.test("run-length encoding handles jumps, ends and runs beyond the edge", async () => {
  const { picture, damage } = await decoded(
    runs(9, 7, 0, 0, 1, 5, 0, 2, 2, 1, 2, 6, 0, 0, 0, 3, 1, 2, 3, 0, 0, 1),
  );
  assertEquals(damage, []);
  assertEquals(reds(picture), [
    [1, 2, 3, 0, 0, 0],
    [0, 0, 0, 6, 6, 0],
    [5, 0, 0, 0, 0, 0],
    [7, 7, 7, 7, 7, 7],
  ]);
  assertEquals((await decoded(runs(6, 7, 0, 9, 1))).damage.length, 1);
});

Deno.test("unsupported and absurdly large BMP files are rejected", async () => {
  const file = await pictureFixture("bmp_24.bmp");
  const refused: readonly [Uint8Array<ArrayBuffer>, string][] = [
    [patched(file, 30, 4), "a BMP file of an unsupported kind (24 bits, compression 4)"],
    [patched(file, 28, 7), "7 bits"],
    [patched(file, 14, 13), "a header of 13 bytes"],
    [patched(file, 18, 0, 0, 1, 0), "an image of 65,536 × 22 pixels"],
    [patched(file, 18, 255, 255, 0, 0, 255, 255, 0, 0), "an image of 65,535 × 65,535 pixels"],
    [patched(file, 18, 0, 0, 0, 0x80), "an image of -2,147,483,648 × 22"],
  ];
  for (const [bytes, message] of refused) {
    await assertRejects(() => decoded(bytes), InputError, message);
  }
});
