/** Several views of an image, and explanations of a class. */
import {
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path";
import encodePng from "npm:@jsquash/png@3.1.1/encode.js";
import { overfold, parseEvents } from "./cli.ts";
import { CHECKPOINT, PICTURES, withPictures } from "./predicted.ts";

Deno.test("with --tta flip, an image and its mirror image have the same probabilities", () =>
  withPictures(async (folder) => {
    const half = new Uint8ClampedArray(12 * 16 * 4).map((_, at) => (at * 41) % 256);
    const mirror = half.map((_, at) =>
      half[(Math.floor(at / 64) * 16 + 15 - Math.floor(at / 4) % 16) * 4 + at % 4]
    );
    const paths = await Promise.all([half, mirror].map(async (pixels, i) => {
      const path = join(folder, `${i}.png`);
      // Opaque.
      const png = await encodePng(
        new ImageData(pixels.map((v, at) => at % 4 === 3 ? 255 : v), 16, 12),
      );
      await Deno.writeFile(path, new Uint8Array(png));
      return path;
    }));
    const probabilities = async (...options: string[]) => {
      const { code, out, error } = await overfold(
        folder,
        ...["predict", CHECKPOINT, ...paths, "--json", "--batch-size", "3", ...options],
      );
      assertEquals(code, 0, error);
      return parseEvents(out).map(({ predictions }) => predictions);
    };
    const [one, other] = await probabilities();
    const [flipped, again] = await probabilities("--tta", "flip");
    assertEquals(flipped, again);
    assertNotEquals(one, other);
    const mean = (name: string) =>
      [one, other].map((found) =>
        (found as { name: string; probability: number }[]).find((one) => one.name === name)!
          .probability / 2
      ).reduce((a, b) => a + b);
    for (const { name, probability } of flipped as { name: string; probability: number }[]) {
      assertAlmostEquals(probability, mean(name), 1e-7);
    }
    assertEquals((await probabilities("--tta", "ten_crop")).length, 2);
    const wrong = await overfold(folder, "predict", CHECKPOINT, paths[0], "--tta", "flop");
    assertEquals(wrong.code, 2);
    assertStringIncludes(wrong.error, "--tta");
  }));

Deno.test("predict --explain draws heat maps: one image alone, several on a sheet", () =>
  withPictures(async (folder) => {
    const sizeOf = async (file: string) => {
      const view = new DataView((await Deno.readFile(join(folder, file))).buffer);
      return [view.getUint32(16), view.getUint32(20)];
    };
    const explain = async (...args: string[]) => {
      const { code, out, error } = await overfold(folder, "predict", CHECKPOINT, ...args);
      assertEquals(code, 0, error);
      return { out, error };
    };
    const plain = await explain(PICTURES[0]);
    const one = await explain(PICTURES[0], "--explain", "one.png");
    assertEquals(one.out, plain.out);
    assertStringIncludes(one.error, "explained: one.png, 1 image");
    assertEquals(await sizeOf("one.png"), [256, 192]);
    await explain(PICTURES[0], "--explain", "again.png");
    await explain(PICTURES[0], "--explain", "other.png", "--class", "class 2");
    await explain(PICTURES[0], "--explain", "another.png", "--class", "class 1");
    const read = (file: string) => Deno.readFile(join(folder, file));
    assertEquals(await read("again.png"), await read("one.png"));
    assertNotEquals(await read("another.png"), await read("other.png"));

    const sheet = await explain("pictures", "--explain", "sheet.png", "--output", "found.csv");
    assertStringIncludes(sheet.error, "explained: sheet.png, 5 images");
    assertEquals(await sizeOf("sheet.png"), [8 + 3 * 264, 8 + 2 * 292]);

    const refused = async (message: string, ...args: string[]) => {
      const { code, error } = await overfold(folder, "predict", CHECKPOINT, PICTURES[0], ...args);
      assertEquals(code, 2, error);
      assertStringIncludes(error, message);
    };
    await refused(
      'has no class "clas 2"; did you mean "class 2"?',
      "--explain=x.png",
      "--class=clas 2",
    );
    await refused("--class needs --explain", "--class", "class 2");
    await refused("--explain uses a single view", "--explain", "x.png", "--tta", "flip");
    await refused(`${PICTURES[0]} is an input`, "--explain", PICTURES[0]);
  }));
