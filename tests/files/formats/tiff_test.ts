import { assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../../errors.ts";
import { alphas, decoded, pictureFixture, reds } from "../../support/decoded.ts";

/** A TIFF file of one strip; values of tags are SHORTs. */
function tiff(
  tags: Readonly<Record<number, readonly number[]>>,
  pixels: readonly number[],
): Uint8Array<ArrayBuffer> {
  const entries = Object.entries({ 273: [0], 279: [pixels.length], ...tags })
    .map(([tag, values]) => [Number(tag), values] as const);
  const start = 8 + 2 + 12 * entries.length + 4;
  const long = entries.reduce((sum, [, { length }]) => sum + (length > 2 ? 2 * length : 0), 0);
  const file = new Uint8Array(start + long + pixels.length);
  const view = new DataView(file.buffer);
  file.set([0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, entries.length]);
  let free = start;
  entries.forEach(([tag, values], i) => {
    const at = 10 + 12 * i;
    view.setUint16(at, tag);
    view.setUint16(at + 2, 3);
    view.setUint32(at + 4, values.length);
    if (values.length > 2) view.setUint32(at + 8, free);
    const place = values.length > 2 ? free : at + 8;
    const known = tag === 273 && values[0] === 0 ? [start + long] : values;
    known.forEach((value, j) => view.setUint16(place + 2 * j, value));
    if (values.length > 2) free += 2 * values.length;
  });
  file.set(pixels, start + long);
  return file;
}

/** An image of 3 × 2 grey pixels. */
const GREY = { 256: [3], 257: [2], 258: [8], 259: [1], 262: [1], 277: [1] };

Deno.test("grey, inverted and black-and-white TIFF files are read, with bits in either order", async () => {
  const expected = [[1, 2, 3], [4, 5, 255]];
  const { picture, damage } = await decoded(tiff(GREY, [1, 2, 3, 4, 5, 255]));
  assertEquals([reds(picture), damage], [expected, []]);
  const inverted = await decoded(tiff({ ...GREY, 262: [0] }, [254, 253, 252, 251, 250, 0]));
  assertEquals(reds(inverted.picture), expected);
  const bits = { ...GREY, 258: [1] };
  const few = [[255, 0, 255], [0, 0, 255]];
  assertEquals(reds((await decoded(tiff(bits, [0xa0, 0x20]))).picture), few);
  assertEquals(reds((await decoded(tiff({ ...bits, 266: [2] }, [0x05, 0x04]))).picture), few);
});

Deno.test("premultiplied colours are divided by alpha", async () => {
  const rgba = { ...GREY, 257: [1], 258: [8, 8, 8, 8], 262: [2], 277: [4] };
  const pixels = [100, 0, 0, 200, 50, 0, 0, 0, 9, 9, 9, 255];
  const [multiplied, apart, unknown] = await Promise.all(
    [{ 338: [1] }, { 338: [2] }, { 338: [0] }].map((extra) =>
      decoded(tiff({ ...rgba, ...extra }, pixels))
    ),
  );
  assertEquals(reds(multiplied.picture), [[127, 50, 9]]);
  assertEquals(reds(apart.picture), [[100, 50, 9]]);
  assertEquals(alphas(apart.picture), [[200, 0, 255]]);
  assertEquals(alphas(unknown.picture), [[255, 255, 255]]);
});

Deno.test("a truncated or damaged TIFF file is read as far as possible", async () => {
  const cut = await decoded(tiff(GREY, [1, 2, 3, 4, 5, 6]).slice(0, -2));
  assertEquals(cut.damage.length, 1);
  assertEquals(reds(cut.picture), [[1, 2, 3], [0, 0, 0]]);
  for (const kind of ["lzw", "deflate", "group4"]) {
    const whole = await pictureFixture(`tiff_${kind}.tif`);
    const broken = whole.slice();
    broken.fill(255, whole.length >> 1, (whole.length >> 1) + 20);
    const { damage } = await decoded(broken);
    assertEquals(damage, ["a damaged TIFF file: its compressed pixels are corrupt"], kind);
  }
});

Deno.test("PackBits runs are decoded, and missing ones are reported", async () => {
  const packed = { ...GREY, 259: [32773] };
  const { picture, damage } = await decoded(tiff(packed, [0xfe, 7, 0x80, 2, 4, 5, 6]));
  assertEquals([reds(picture), damage], [[[7, 7, 7], [4, 5, 6]], []]);
  const few = await decoded(tiff(packed, [0xfe, 7, 2, 4]));
  assertEquals(few.damage.length, 1);
  assertEquals(reds(few.picture), [[7, 7, 7], [0, 0, 0]]);
});

Deno.test("unsupported TIFF files are rejected with the reason", async () => {
  const refused: readonly [Record<number, number[]>, string][] = [
    [{ 259: [50000] }, "a TIFF file of an unsupported kind (compression 50000)"],
    [{ 262: [8] }, "colours of kind 8"],
    [{ 262: [6], 277: [3] }, "YCbCr without JPEG"],
    [{ 258: [32] }, "32 bits"],
    [{ 339: [3] }, "samples that are not integers"],
    [{ 317: [3] }, "predictor 3"],
    [{ 277: [9] }, "9 samples"],
    [{ 262: [2] }, "1 samples"],
    [{ 278: [0] }, "parts without rows"],
    [{ 256: [0] }, "an image of 0 × 2 pixels"],
    [{ 256: [65535], 257: [65535] }, "an image of 65,535 × 65,535 pixels"],
    [{ 322: [65520], 323: [65520], 324: [8], 325: [8] }, "tiles of 65520x65520"],
    [{ 256: [8000], 257: [8000], 258: [16] }, "it contains too few pixels"],
  ];
  for (const [tags, message] of refused) {
    const file = tiff({ ...GREY, ...tags }, [1, 2, 3, 4, 5, 6]);
    await assertRejects(() => decoded(file), InputError, message);
  }
  const file = tiff(GREY, [1, 2, 3, 4, 5, 6]);
  for (const length of [7, 9, 40]) {
    await assertRejects(
      () => decoded(file.slice(0, length)),
      InputError,
      `truncated at byte ${length}`,
    );
  }
});
