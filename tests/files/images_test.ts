import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import encodeJpeg from "npm:@jsquash/jpeg@1.6.0/encode.js";
import encodePng from "npm:@jsquash/png@3.1.1/encode.js";
import { InputError } from "../../errors.ts";
import { readImage } from "../../files/images.ts";

const SIZE = { height: 24, width: 32, channels: 3 };

/** Smooth, so that JPEG keeps it nearly as it is. */
const picture = new ImageData(
  Uint8ClampedArray.from({ length: 4 * 32 * 24 }, (_, i) => {
    const [x, y] = [(i >> 2) % 32, Math.floor(i / 128)];
    return [8 * x, 10 * y, 128 + 4 * (x - y), 255][i & 3];
  }),
  32,
  24,
);
const colours = [...picture.data].filter((_, i) => i % 4 !== 3);

async function withFile(
  bytes: Uint8Array | ArrayBuffer,
  test: (path: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "picture");
  try {
    await Deno.writeFile(path, new Uint8Array(bytes));
    await test(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("PNG and JPEG files are told apart by their bytes and decoded", async () => {
  await withFile(await encodePng(picture), async (path) => {
    assertEquals([...await readImage(path, SIZE)], colours);
  });
  await withFile(await encodeJpeg(picture, { quality: 95 }), async (path) => {
    const pixels = await readImage(path, SIZE);
    const difference = Math.max(...pixels.map((value, i) => Math.abs(value - colours[i])));
    assert(difference < 16, `${difference}`);
  });
});

Deno.test("pictures that are cut off or damaged are refused by name", async () => {
  const jpeg = new Uint8Array(await encodeJpeg(picture));
  const png = new Uint8Array(await encodePng(picture));
  const files = {
    "cannot be decoded (Premature end of JPEG file)": jpeg.subarray(0, jpeg.length >> 1),
    "the PNG picture cannot be decoded": png.subarray(0, png.length >> 1),
    "neither a PNG nor a JPEG": new TextEncoder().encode("text"),
  };
  for (const [message, bytes] of Object.entries(files)) {
    await withFile(bytes, async (path) => {
      const error = await assertRejects(() => readImage(path, SIZE), InputError, message);
      assert(error.message.startsWith(`${path}: `));
    });
  }
  // The decoder is as before.
  await withFile(jpeg, async (path) => {
    assertEquals((await readImage(path, SIZE)).length, colours.length);
  });
});

Deno.test("a network of other channels than a picture's is refused", () =>
  withFile(
    new Uint8Array(),
    async (path) =>
      void await assertRejects(
        () => readImage(path, { ...SIZE, channels: 4 }),
        InputError,
        "takes images of 4",
      ),
  ));
