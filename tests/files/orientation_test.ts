import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import encodeJpeg from "npm:@jsquash/jpeg@1.6.0/encode.js";
import encodePng from "npm:@jsquash/png@3.1.1/encode.js";
import { decodePicture } from "../../files/decode.ts";
import { toImageData } from "../../files/raster.ts";
import { pngChunk } from "../support/png.ts";

type Side = "top" | "bottom" | "left" | "right";

/** The sides of the first row and first column by EXIF, for orientations 1 to 8. */
const SIDES: readonly (readonly [row: Side, column: Side])[] = [
  ["top", "left"],
  ["top", "right"],
  ["bottom", "right"],
  ["bottom", "left"],
  ["left", "top"],
  ["right", "top"],
  ["right", "bottom"],
  ["left", "bottom"],
];

/** Wider than high, no two pixels alike, irregular. */
const WIDTH = 24;
const HEIGHT = 16;
const PICTURE = new ImageData(
  Uint8ClampedArray.from(
    { length: 4 * WIDTH * HEIGHT },
    (_, i) => i % 4 === 3 ? 255 : 128 + 127 * Math.sin(i * i * 0.37),
  ),
  WIDTH,
  HEIGHT,
);
const JPEG = new Uint8Array(await encodeJpeg(PICTURE));
const PNG = new Uint8Array(await encodePng(PICTURE));

/** EXIF data with another entry and then the orientation. */
function exif(orientation: number, isLittle: boolean, type = 3): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(38));
  view.setUint16(0, isLittle ? 0x4949 : 0x4d4d);
  view.setUint16(2, 42, isLittle);
  view.setUint32(4, 8, isLittle);
  view.setUint16(8, 2, isLittle);
  const entries = [[0x0100, 3, WIDTH], [0x0112, type, orientation]];
  entries.forEach(([tag, type, value], i) => {
    view.setUint16(10 + 12 * i, tag, isLittle);
    view.setUint16(12 + 12 * i, type, isLittle);
    view.setUint32(14 + 12 * i, 1, isLittle);
    view.setUint16(18 + 12 * i, value, isLittle);
  });
  return new Uint8Array(view.buffer);
}

/** The files with EXIF data: in a segment after a JPEG's start, in a chunk after a PNG's header. */
function filesWith(data: Uint8Array): Uint8Array<ArrayBuffer>[] {
  const content = [...new TextEncoder().encode("Exif\0\0"), ...data];
  const length = content.length + 2;
  const segment = [0xff, 0xe1, length >> 8, length & 255, ...content];
  return [
    Uint8Array.from([...JPEG.subarray(0, 2), ...segment, ...JPEG.subarray(2)]),
    Uint8Array.from([...PNG.subarray(0, 33), ...pngChunk("eXIf", data), ...PNG.subarray(33)]),
  ];
}

/** The image in an undamaged file. */
async function pictureIn(file: Uint8Array<ArrayBuffer>): Promise<ImageData> {
  const picture = await decodePicture(file, (damage) => {
    throw new Error(damage);
  });
  return toImageData(picture);
}

Deno.test("PNG and JPEG images are oriented by EXIF data, in all eight ways", async () => {
  const stored = await Promise.all([JPEG, PNG].map(pictureIn));
  for (const [i, [rowSide, columnSide]] of SIDES.entries()) {
    for (const isLittle of [false, true]) {
      for (const [format, file] of filesWith(exif(i + 1, isLittle)).entries()) {
        const picture = await pictureIn(file);
        const isTurned = rowSide === "left" || rowSide === "right";
        const [width, height] = isTurned ? [HEIGHT, WIDTH] : [WIDTH, HEIGHT];
        assertEquals([picture.width, picture.height], [width, height]);
        const expected = new Uint8ClampedArray(4 * WIDTH * HEIGHT);
        for (let row = 0; row < HEIGHT; row++) {
          for (let column = 0; column < WIDTH; column++) {
            const place = {
              top: (distance: number) => ({ y: distance }),
              bottom: (distance: number) => ({ y: height - 1 - distance }),
              left: (distance: number) => ({ x: distance }),
              right: (distance: number) => ({ x: width - 1 - distance }),
            };
            const { x, y } = { x: 0, y: 0, ...place[rowSide](row), ...place[columnSide](column) };
            for (let c = 0; c < 4; c++) {
              const from = 4 * (row * WIDTH + column) + c;
              expected[4 * (y * width + x) + c] = stored[format].data[from];
            }
          }
        }
        assertEquals(Array.from(picture.data), [...expected], `${i + 1}`);
      }
    }
  }
});

Deno.test("damaged EXIF data is ignored", async () => {
  const sound = exif(6, true);
  const beyond = sound.slice();
  beyond[4] = 200;
  const endless = sound.slice();
  endless.set([0xff, 0xff], 8);
  endless[22] = 0;
  const magic = sound.slice();
  magic[2] = 43;
  const cases = [
    new Uint8Array(),
    sound.subarray(0, 7),
    sound.subarray(0, 29),
    beyond,
    endless,
    magic,
    new TextEncoder().encode("no TIFF header, but something else"),
    exif(0, true),
    exif(9, false),
    exif(6, true, 7),
  ];
  for (const data of cases) {
    for (const file of filesWith(data)) {
      const picture = await pictureIn(file);
      assertEquals([picture.width, picture.height], [WIDTH, HEIGHT]);
    }
  }
});

Deno.test("an image stored rotated matches the same image stored upright", async () => {
  const [turned, upright] = await Promise.all(
    ["d4_exif6.jpg", "d4_upright.jpg"].map(async (name) =>
      await pictureIn(
        await Deno.readFile(
          fromFileUrl(new URL(`../fixtures/pictures/${name}`, import.meta.url)),
        ),
      )
    ),
  );
  const { width, height, data } = upright;
  assertEquals([turned.width, turned.height], [width, height]);
  const differences = Array.from(data, (value, i) => Math.abs(value - turned.data[i]));
  // JPEG's blocks differ after a rotation.
  assertEquals(Math.max(...differences) < 40, true, `${Math.max(...differences)}`);
});
