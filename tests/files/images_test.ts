import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import encodeJpeg from "npm:@jsquash/jpeg@1.6.0/encode.js";
import encodePng from "npm:@jsquash/png@3.1.1/encode.js";
import { InputError } from "../../errors.ts";
import { readImage, requirePictures } from "../../files/images.ts";
import { withFiles } from "../support/pictures.ts";

const SIZE = { height: 24, width: 32, channels: 3 };

/** Smooth, so that JPEG hardly changes it. */
const picture = new ImageData(
  Uint8ClampedArray.from({ length: 4 * 32 * 24 }, (_, i) => {
    const [x, y] = [(i >> 2) % 32, Math.floor(i / 128)];
    return [8 * x, 10 * y, 128 + 4 * (x - y), 255][i & 3];
  }),
  32,
  24,
);
const colours = [...picture.data].filter((_, i) => i % 4 !== 3);

const withFile = (bytes: Uint8Array | ArrayBuffer, test: (path: string) => Promise<void>) =>
  withFiles(
    { picture: new Uint8Array(bytes) },
    (folder) => test(join(folder, "picture")),
  );

function fixturePath(name: string): string {
  return fromFileUrl(new URL(`../fixtures/pictures/${name}`, import.meta.url));
}

function fixture(name: string): Promise<Uint8Array> {
  return Deno.readFile(fixturePath(name));
}

/** The position of the first of these markers in a JPEG file. */
function markerIn(jpeg: Uint8Array, ...markers: readonly number[]): number {
  return jpeg.findIndex((byte, i) => byte === 0xff && markers.includes(jpeg[i + 1]));
}

/** A JPEG file whose header has this size. */
async function jpegOfSize(width: number, height: number, progressive = true): Promise<Uint8Array> {
  const jpeg = new Uint8Array(await encodeJpeg(picture, { progressive }));
  const size = [height >> 8, height & 255, width >> 8, width & 255];
  jpeg.set(size, markerIn(jpeg, 0xc0, 0xc2) + 5);
  return jpeg;
}

/** A JPEG file with segments of meaningless bytes added. */
function stretched(jpeg: Uint8Array, segments: number): Uint8Array {
  const segment = [0xff, 0xef, 0xff, 0xff, ...new Uint8Array(0xfffd)];
  const more = Array.from({ length: segments }, () => Uint8Array.from(segment));
  return new Uint8Array(
    [jpeg.subarray(0, 2), ...more, jpeg.subarray(2)].flatMap((part) => [...part]),
  );
}

/** A JPEG file, not progressive, whose first scan has one component by its header. */
async function jpegOfPlanes(width: number, height: number): Promise<Uint8Array> {
  const jpeg = await jpegOfSize(width, height, false);
  jpeg[markerIn(jpeg, 0xda) + 4] = 1;
  return jpeg;
}

/** A JPEG file whose last scan is repeated until there are `count`. */
async function jpegOfScans(count: number): Promise<Uint8Array> {
  const jpeg = new Uint8Array(await encodeJpeg(picture, { progressive: true }));
  const scans = [...jpeg.keys()].filter((i) => jpeg[i] === 0xff && jpeg[i + 1] === 0xda);
  const last = jpeg.subarray(scans.at(-1), -2);
  const more = Array.from({ length: count - scans.length }, () => [...last]).flat();
  return Uint8Array.from([...jpeg.subarray(0, -2), ...more, 0xff, 0xd9]);
}

Deno.test("a baseline JPEG file may be larger than a progressive one", async () => {
  const jpeg = await jpegOfSize(4096, 3073, false);
  // Truncated before its scan, so that nothing of that size is decoded.
  const header = stretched(jpeg.subarray(0, markerIn(jpeg, 0xda)), 1);
  await withFile(header, async (path) => {
    await assertRejects(() => readImage(path, SIZE), InputError, "cannot be decoded");
  });
});

Deno.test("PNG and JPEG files are recognized by their bytes and decoded", async () => {
  await withFile(await encodePng(picture), async (path) => {
    assertEquals([...(await readImage(path, SIZE)).pixels], colours);
  });
  await withFile(await encodeJpeg(picture, { quality: 95 }), async (path) => {
    const { pixels } = await readImage(path, SIZE);
    const difference = Math.max(...pixels.map((value, i) => Math.abs(value - colours[i])));
    assert(difference < 16, `${difference}`);
  });
});

Deno.test("truncated or damaged images are rejected by name, or read as far as possible", async () => {
  const jpeg = await fixture("d4_upright.jpg");
  const png = new Uint8Array(await encodePng(picture));
  const files: readonly [damage: string, Uint8Array][] = [
    ["a damaged JPEG file: Premature end of JPEG file", jpeg.subarray(0, jpeg.length >> 1)],
    ["a damaged PNG file: it is truncated at byte", png.subarray(0, png.length - 20)],
    [
      "a damaged JPEG file: Corrupt JPEG data: 54 extraneous bytes before marker 0xd9",
      await fixture("corrupt_mid.jpg"),
    ],
    [
      "a damaged PNG file: the checksum of its chunk IDAT at byte 33 is wrong",
      await fixture("badcrc.png"),
    ],
  ];
  for (const [damage, bytes] of files) {
    await withFile(bytes, async (path) => {
      const error = await assertRejects(() => readImage(path, SIZE), InputError, damage);
      assert(error.message.startsWith(`${path}: `));
      assertStringIncludes(error.message, "--damaged");
      const read = await readImage(path, SIZE, { damaged: true });
      assertStringIncludes(read.damage ?? "", damage);
      assert(new Set(read.pixels).size > 9, damage);
    });
  }
  await withFile(jpeg, async (path) => {
    assertEquals((await readImage(path, SIZE)).damage, undefined);
  });
});

Deno.test("files that cannot be read as images are rejected with the reason", async () => {
  const files: readonly [what: string, Uint8Array][] = [
    [
      "an AVIF image, not an image that can be read; convert it to PNG or JPEG",
      new TextEncoder().encode("\0\0\0 ftypavif"),
    ],
    [
      "a text file, not an image that can be read; expected a file in JPEG, PNG, WebP, GIF, BMP, TIFF " +
      "or PNM",
      new TextEncoder().encode("text"),
    ],
    ["an empty file", new Uint8Array()],
    ["four inks (CMYK) that is progressive, damaged", (await fixture("cmyk.jpg")).subarray(0, -40)],
    ["nothing in its 51 bytes gives the image", await fixture("truncated_51_bytes.jpg")],
    ["there is no chunk at byte 33", await fixture("png_poisons_decoder_948.png")],
    ["an image of 60,000 × 60,000 pixels", await jpegOfSize(60000, 60000)],
    ["bytes cannot hold 8,000 × 8,000 pixels", await jpegOfSize(8000, 8000)],
    ["a progressive JPEG image of 8,191 × 8,191", stretched(await jpegOfSize(8191, 8191), 2)],
    ["expected at most 12,582,912; make it smaller", stretched(await jpegOfSize(3072, 4097), 1)],
    ["a progressive JPEG image of 4,096 × 4,096", stretched(await jpegOfPlanes(4096, 4096), 1)],
    ["refines its pixels 33 times; expected at most 32", await jpegOfScans(33)],
  ];
  for (const [what, bytes] of files) {
    await withFile(bytes, async (path) => {
      await assertRejects(() => readImage(path, SIZE, { damaged: true }), InputError, what);
    });
  }
});

Deno.test("a JPEG file is read whatever its extension, and broken ones do not affect it", async () => {
  const path = fixturePath("picture.jfif");
  const before = await readImage(path, SIZE);
  // Valid up to the frame's header, then truncated: the decoder fails halfway.
  const jpeg = new Uint8Array(await encodeJpeg(picture));
  const scan = jpeg.findIndex((byte, i) => byte === 0xff && jpeg[i + 1] === 0xda);
  await withFile(jpeg.subarray(0, scan), async (broken) => {
    for (let i = 0; i < 150; i++) {
      await assertRejects(() => readImage(broken, SIZE), InputError, "cannot be decoded");
    }
  });
  assertEquals(await readImage(path, SIZE), before);
});

Deno.test("data after the end of a JPEG image, such as a video, is ignored", async () => {
  const jpeg = await fixture("d4_exif6.jpg");
  const film = Array.from({ length: 500 }, () => [0xff, 0xda, 0xff, 0xc0, 0, 8, 8, 0xff]).flat();
  const size = { height: 28, width: 28, channels: 1 };
  await withFile(Uint8Array.from([...jpeg, ...film]), async (path) => {
    assertEquals(await readImage(path, size), await readImage(fixturePath("d4_exif6.jpg"), size));
  });
});

Deno.test("transparent pixels are blended with the background, or show their stored colours", async () => {
  const size = { height: 28, width: 28, channels: 1 };
  const path = fixturePath("d4_alpha_black.png");
  const [white, grey, none] = await Promise.all(
    [[255, 255, 255] as const, [128, 128, 128] as const, undefined]
      .map((ground) => readImage(path, size, { ground })),
  );
  assertEquals([white.isOnGround, grey.isOnGround, none.isOnGround], [true, true, false]);
  assertEquals([white.pixels[0], grey.pixels[0], none.pixels[0]], [255, 128, 0]);
  // The ink.
  assertEquals([Math.min(...white.pixels), Math.min(...grey.pixels)], [0, 0]);
  assertEquals(none.pixels.every((value) => value === 0), true);
  const opaque = await readImage(fixturePath("base.png"), SIZE, { ground: [255, 255, 255] });
  assertEquals(opaque.isOnGround, false);
});

Deno.test("networks for images of neither 1 nor 3 channels are rejected", () => {
  assertThrows(() => requirePictures("a", { ...SIZE, channels: 4 }), InputError, "images of 4");
  [1, 3].forEach((channels) => requirePictures("a", { ...SIZE, channels }));
});
