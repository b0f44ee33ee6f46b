import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { deflateSync } from "node:zlib";
import { fromFileUrl } from "@std/path";
import decodeOtherwise from "npm:@jsquash/png@3.1.1/decode.js";
import { InputError } from "../../../errors.ts";
import type { Picture } from "../../../files/pixels.ts";
import { decodePng as decodeFile } from "../../../files/formats/png.ts";
import {
  PNG_KINDS,
  pngChunk,
  pngFile,
  pngHeader,
  type PngKind,
  pngPixels,
} from "../../support/png.ts";

const END = pngChunk("IEND", new Uint8Array());

/** Pseudorandom numbers below `limit`. */
function numbers(count: number, limit: number): number[] {
  let state = 7;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % limit;
  });
}

/** Decodes a file, damaged or not. */
async function decodePng(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<{ picture: Picture; damage?: string }> {
  const damages: string[] = [];
  const picture = await decodeFile(bytes, (damage) => damages.push(damage));
  assertEquals(damages.length < 2, true);
  return { picture, damage: damages[0] };
}

function bytesOf({ data }: Picture): number[] {
  return Array.from(data);
}

/** An RGB image that takes several portions when compressed. */
const SOME: PngKind = { width: 16, height: 15, depth: 8, colour: 2 };

function withByte(
  bytes: Uint8Array<ArrayBuffer>,
  at: number,
  value: number,
): Uint8Array<ArrayBuffer> {
  const copy = bytes.slice();
  copy[at] = value;
  return copy;
}

Deno.test("PNG files of every kind have the pixels of another decoder", async () => {
  for (const { colour, samples, depths } of PNG_KINDS) {
    for (const depth of depths) {
      for (const [width, height] of [[13, 9], [1, 3]]) {
        for (const isInterlaced of [false, true]) {
          for (const hasColourKey of colour === 4 || colour === 6 ? [false] : [false, true]) {
            const kind: PngKind = { width, height, depth, colour, isInterlaced };
            const values = numbers(samples * width * height, 2 ** depth);
            const palette = Uint8Array.from(numbers(3 * 2 ** depth, 256));
            const key = colour === 3
              ? numbers(2 ** depth / 2, 256)
              : values.slice(0, samples).flatMap((value) => [value >> 8, value & 255]);
            const pixels = pngPixels(kind, values);
            const file = pngFile(
              pngHeader(kind),
              ...(colour === 3 ? [pngChunk("PLTE", palette)] : []),
              ...(hasColourKey ? [pngChunk("tRNS", Uint8Array.from(key))] : []),
              pngChunk("IDAT", pixels.subarray(0, 9)),
              pngChunk("IDAT", pixels.subarray(9)),
              END,
            );
            const { picture, damage } = await decodePng(file);
            const other = await decodeOtherwise(file.buffer);
            assertEquals([picture.width, picture.height, damage], [width, height, undefined]);
            assertEquals(
              bytesOf(picture),
              [...other.data],
              JSON.stringify({ ...kind, hasColourKey }),
            );
          }
        }
      }
    }
  }
});

Deno.test("interlaced PNG files are oriented by EXIF data like others", async () => {
  const samples = numbers(3 * 16 * 15, 256);
  for (let orientation = 1; orientation <= 8; orientation++) {
    // TIFF's header, then one entry.
    const exif = Uint8Array.of(
      ...[0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0],
    );
    const [plain, interlaced] = await Promise.all([false, true].map((isInterlaced) => {
      const kind = { ...SOME, isInterlaced };
      const data = pngChunk("IDAT", pngPixels(kind, samples));
      return decodePng(pngFile(pngHeader(kind), pngChunk("eXIf", exif), data, END));
    }));
    const turned = orientation < 5 ? [16, 15] : [15, 16];
    assertEquals([interlaced.picture.width, interlaced.picture.height], turned);
    assertEquals(bytesOf(interlaced.picture), bytesOf(plain.picture));
  }
});

Deno.test("a damaged PNG file gives the error and the rows before it", async () => {
  const samples = numbers(3 * 16 * 15, 256);
  const [header, pixels] = [pngHeader(SOME), pngPixels(SOME, samples)];
  const whole = pngFile(header, pngChunk("IDAT", pixels), END);
  const sound = await decodePng(whole);
  assertEquals(sound.damage, undefined);
  const wrongSum = withByte(whole, whole.length - 14, whole[whole.length - 14] ^ 1);
  const wrongText = withByte(pngChunk("tEXt", new Uint8Array(3)), 8, 1);
  const fewRows = pngPixels({ ...SOME, height: 4 }, samples.slice(0, 3 * 16 * 4));
  const wrongAdler = withByte(pixels, pixels.length - 1, pixels[pixels.length - 1] ^ 1);
  const cases: readonly [what: string, Uint8Array<ArrayBuffer>, rows: number][] = [
    ["the checksum of its chunk IDAT at byte 33 is wrong", wrongSum, 15],
    [
      "the checksum of its chunk tEXt at byte 33 is wrong",
      pngFile(header, wrongText, pngChunk("IDAT", pixels), END),
      15,
    ],
    [`it is truncated at byte ${whole.length - 12}`, whole.slice(0, -12), 15],
    ["it is truncated at byte 441", whole.slice(0, 441), 8],
    ["it contains too few pixels", pngFile(header, pngChunk("IDAT", fewRows), END), 4],
    ["its compressed pixels are corrupt", pngFile(header, pngChunk("IDAT", wrongAdler), END), 10],
    ["it is truncated at byte 50", whole.slice(0, 50), 0],
    ["the checksum of its chunk IHDR at byte 8 is wrong", withByte(whole, 17, 0xff), 0],
    ["the checksum of its chunk IDIT at byte 33 is wrong", withByte(whole, 39, 0x49), 0],
    ["there is no chunk at byte 33", pngFile(header, new Uint8Array(30)), 0],
  ];
  for (const [what, bytes, rows] of cases) {
    if (rows === 0) {
      await assertRejects(() => decodePng(bytes), InputError, `a damaged PNG file: ${what}`);
      continue;
    }
    const { picture, damage } = await decodePng(bytes);
    assertEquals(damage, `a damaged PNG file: ${what}`);
    const size = 4 * 16 * rows;
    assertEquals(bytesOf(picture).slice(0, size), bytesOf(sound.picture).slice(0, size));
    assertEquals(bytesOf(picture).slice(size).every((value) => value === 0), true);
  }
});

Deno.test("PNG files of impossible size or unknown kind are rejected before decoding", async () => {
  const data = pngChunk("IDAT", pngPixels(SOME, numbers(3 * 16 * 15, 256)));
  const cases: readonly [why: string, header: Uint8Array][] = [
    ["an image of 20,000 × 4,000 pixels", pngHeader({ ...SOME, width: 20000, height: 4000 })],
    ["of 4,294,967,295 × 1 pixels", pngHeader({ ...SOME, width: 2 ** 32 - 1, height: 1 })],
    ["67,108,864, 65,535 a side", pngHeader({ ...SOME, width: 1, height: 65536 })],
    ["an image of 0 × 15 pixels", pngHeader({ ...SOME, width: 0 })],
    ["cannot be 8,000 × 8,000 of them", pngHeader({ ...SOME, width: 8000, height: 8000 })],
    ["of an unsupported kind (3 2 0 0 0)", pngHeader({ ...SOME, depth: 3 })],
    ["it has no header", new Uint8Array()],
  ];
  for (const [why, header] of cases) {
    await assertRejects(() => decodePng(pngFile(header, data, END)), InputError, why);
  }
  const apple = pngFile(pngChunk("CgBI", new Uint8Array(4)), pngHeader(SOME), data, END);
  await assertRejects(() => decodePng(apple), InputError, "of an unsupported kind (CgBI)");
});

Deno.test("a PNG file of too many chunks is rejected", async () => {
  const data = pngChunk("IDAT", pngPixels(SOME, numbers(3 * 16 * 15, 256)));
  const empty = pngChunk("teXt", new Uint8Array());
  const fileOf = (count: number) =>
    pngFile(pngHeader(SOME), ...Array.from({ length: count }, () => empty), data, END);
  const most = 2 ** 16;
  assertEquals((await decodePng(fileOf(most - 3))).damage, undefined);
  await assertRejects(() => decodePng(fileOf(most - 2)), InputError, "more than 65,536 chunks");
});

Deno.test("a PNG file known to be damaged is not decoded if damage is an error", async () => {
  const whole = pngFile(pngHeader(SOME), pngChunk("IDAT", Uint8Array.of(1, 2, 3)), END);
  const refuse = (damage: string) => {
    throw new InputError(damage);
  };
  // Decoding its pixels would give another error.
  await assertRejects(() => decodeFile(whole.slice(0, -12), refuse), InputError, "it is truncated");
});

Deno.test("compressed data beyond an image's end is not inflated", async () => {
  const kind: PngKind = { width: 1, height: 1, depth: 8, colour: 0 };
  const bomb = new Uint8Array(deflateSync(new Uint8Array(2_000_000)));
  const { picture, damage } = await decodePng(
    pngFile(pngHeader(kind), pngChunk("IDAT", bomb), END),
  );
  assertEquals([bytesOf(picture), damage], [[0, 0, 0, 255], undefined]);
});

Deno.test("files that break another decoder's state do not affect this one", async () => {
  const fixture = (name: string) =>
    Deno.readFile(fromFileUrl(new URL(`../../fixtures/pictures/${name}`, import.meta.url)));
  const bad = await fixture("png_poisons_decoder_948.png");
  for (let i = 0; i < 1000; i++) {
    const error = await assertRejects(() => decodePng(bad), InputError);
    assertStringIncludes(error.message, "damaged");
  }
  assertEquals((await decodePng(await fixture("base.png"))).damage, undefined);
});
