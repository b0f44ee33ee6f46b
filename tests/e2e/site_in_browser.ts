/** Tests of the page in Chromium, which `site_test.ts` runs. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { extname, fromFileUrl, join } from "@std/path";
import encodePng from "npm:@jsquash/png@3.1.1/encode.js";
import { readSafetensors, writeSafetensors } from "../../safetensors/file.ts";
import { type Page, withPage } from "../support/browser.ts";
import { pngChunk } from "../support/png.ts";
import { overfold, parseEvents, TINY, withTrainedRun } from "./cli.ts";

const CHECKPOINT = join("runs", "tiny", "checkpoints", "best.safetensors");
const CLASSES = 3;

/** Content types of the page's files. */
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".css": "text/css",
  ".js": "text/javascript",
  ".svg": "image/svg+xml",
  ".json": "application/json",
};

/** A network for images of three channels with several classes each. */
const MULTI_LABEL = TINY.replace("name: synthetic,", "name: synthetic_multi_label,")
  .replace("channels: 2", "channels: 3")
  .replace("training:\n", "training:\n  objective: multi_label\n");

/** A network for images with the given number of channels. */
function tiny(channels: 1 | 3): string {
  return TINY.replace("channels: 2", `channels: ${channels}`);
}

/** Makes the page of a trained network and calls `test`. */
function withSite(config: string, test: (folder: string) => Promise<void>): Promise<void> {
  return withTrainedRun(async (folder) => {
    const made = await overfold(folder, "site", CHECKPOINT, "--output", "site", "--json");
    assertEquals(made.code, 0, made.error);
    assertEquals(parseEvents(made.out)[0].output, "site");
    await test(folder);
  }, config);
}

/** Serves the page and opens it; fails if it contacts another server or logs an error. */
async function withSitePage(
  folder: string,
  isolated: boolean,
  test: (page: Page) => Promise<void>,
): Promise<void> {
  const isolation = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
  };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async ({ url }) => {
      const { pathname } = new URL(url);
      const name = pathname === "/" ? "index.html" : pathname.slice(1);
      const type = TYPES[extname(name)] ?? "application/octet-stream";
      return new Response(await Deno.readFile(join(folder, "site", name)), {
        headers: { "content-type": type, ...(isolated ? isolation : {}) },
      });
    },
  );
  const origin = `http://127.0.0.1:${server.addr.port}/`;
  try {
    await withPage(origin, async (page) => {
      await page.waitForSelector("body[data-engine]");
      assertEquals(await page.evaluate("crossOriginIsolated"), isolated);
      await test(page);
    });
  } finally {
    await server.shutdown();
  }
}

/** Writes an image without regularity. */
async function writePicture(path: string, width: number, height: number): Promise<void> {
  const data = Uint8ClampedArray.from(
    { length: 4 * width * height },
    (_, i) => i % 4 === 3 ? 255 : 128 + 127 * Math.sin(i * i * 0.37),
  );
  await Deno.writeFile(path, new Uint8Array(await encodePng(new ImageData(data, width, height))));
}

/** The probabilities that the page shows, by class. */
async function shown(page: Page, count = CLASSES): Promise<Map<string, number>> {
  await page.locator("#ranking li").nth(count - 1).waitFor();
  await page.locator("#status", { hasText: "Computed in" }).waitFor();
  const rows: [string, number][] = await page.evaluate(
    `[...document.querySelectorAll("#ranking li")].map((row) =>
      [row.querySelector(".name").textContent, Number(row.dataset.probability)])`,
  );
  return new Map(rows);
}

/** The probabilities that `overfold predict` gives, by class. */
async function predicted(
  folder: string,
  picture: string,
  ...options: string[]
): Promise<Map<string, number>> {
  const { code, out, error } = await overfold(
    folder,
    ...["predict", CHECKPOINT, picture, "--json", ...options],
  );
  assertEquals(code, 0, error);
  const [{ predictions }] = parseEvents(out);
  return new Map(
    (predictions as { name: string; probability: number }[])
      .map(({ name, probability }) => [name, probability]),
  );
}

Deno.test(
  "the page matches predict on WebAssembly and WebGPU, and reports non-finite probabilities",
  () =>
    withSite(tiny(3), async (folder) => {
      const pictures = { "same.png": [8, 8], "larger.png": [37, 23] };
      for (const [name, [width, height]] of Object.entries(pictures)) {
        await writePicture(join(folder, name), width, height);
      }
      const expected = new Map<string, Map<string, number>>();
      for (const name of Object.keys(pictures)) {
        expected.set(name, await predicted(folder, name));
      }
      for (const isolated of [false, true]) {
        await withSitePage(folder, isolated, async (page) => {
          for (const engine of ["cpu", "webgpu"]) {
            await page.check(`input[value=${engine}]`);
            await page.waitForSelector(`body[data-engine=${engine}]`);
            if (engine === "webgpu") await shown(page);
            for (const [name, probabilities] of expected) {
              // So that an earlier result is not taken for this image's.
              await page.evaluate(`document.querySelector("#ranking").replaceChildren()`);
              await page.setInputFiles("#file", join(folder, name));
              const actual = await shown(page);
              for (const [label, probability] of probabilities) {
                assertAlmostEquals(actual.get(label) ?? NaN, probability, 1e-3);
              }
            }
          }
        });
      }
      const network = join(folder, "site", "network.safetensors");
      const { tensors, metadata } = await readSafetensors(network);
      tensors.get("0.weight")!.data.fill(3e38 as never);
      await writeSafetensors(network, tensors, metadata);
      await withSitePage(folder, false, async (page) => {
        await page.setInputFiles("#file", join(folder, "same.png"));
        await page.locator("#status.failure", { hasText: "are not finite" }).waitFor();
        assertEquals(await page.locator("#ranking li").count(), 0);
      });
    }),
);

Deno.test(
  "the page orients images, shows them on white and rejects other files, as predict does",
  () =>
    withSite(tiny(3), async (folder) => {
      const fixtures = fromFileUrl(new URL("../fixtures/pictures/", import.meta.url));
      // A PNG turned by its EXIF data: a big-endian header and one entry.
      const exif = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0];
      await writePicture(join(folder, "turned.png"), 30, 20);
      const png = await Deno.readFile(join(folder, "turned.png"));
      const chunk = pngChunk("eXIf", Uint8Array.from(exif));
      const turned = Uint8Array.from([...png.subarray(0, 33), ...chunk, ...png.subarray(33)]);
      await Deno.writeFile(join(folder, "turned.png"), turned);
      const sound = [
        ...["d4_exif6.jpg", "d4_alpha_black.png", "picture.jfif", "cmyk.jpg", "turned.png"],
      ];
      for (const name of [...sound, "badcrc.png", "corrupt_mid.jpg", "real.webp"]) {
        if (name !== "turned.png") await Deno.copyFile(join(fixtures, name), join(folder, name));
      }
      await withSitePage(folder, false, async (page) => {
        await page.check("input[value=cpu]");
        await page.waitForSelector("body[data-engine=cpu]");
        for (const name of [...sound, "real.webp"]) {
          await page.evaluate(`document.querySelector("#ranking").replaceChildren()`);
          await page.setInputFiles("#file", join(folder, name));
          const actual = await shown(page);
          // predict reads no WebP; that file has the same image.
          const same = name === "real.webp" ? "picture.jfif" : name;
          const tolerance = name === "real.webp" ? 5e-2 : 1e-6;
          for (const [label, probability] of await predicted(folder, same)) {
            assertAlmostEquals(actual.get(label) ?? NaN, probability, tolerance, name);
          }
          const isClear = (await page.textContent("#drop-name"))?.includes("are shown on white");
          assertEquals(isClear, name === "d4_alpha_black.png");
        }
        for (
          const [name, why] of [
            ["badcrc.png", ": a damaged PNG file: the checksum of its chunk IDAT at byte 33"],
            ["corrupt_mid.jpg", ": a damaged JPEG file: Corrupt JPEG data: 54 extraneous bytes"],
            ["tiny.yaml", " is not an image"],
          ]
        ) {
          await page.setInputFiles("#file", join(folder, name));
          await page.locator("#status.failure", { hasText: name + why }).waitFor();
        }
      });
    }),
);

Deno.test(
  "the page shows the classes of a multi-label network above its threshold",
  () =>
    withSite(MULTI_LABEL, async (folder) => {
      await writePicture(join(folder, "some.png"), 8, 8);
      await withSitePage(folder, false, async (page) => {
        await page.setInputFiles("#file", join(folder, "some.png"));
        const expected = await predicted(folder, "some.png");
        const actual = await shown(page, expected.size);
        assert(expected.size > 0 && expected.size < CLASSES);
        assertEquals([...actual.keys()], [...expected.keys()]);
        for (const [label, probability] of expected) {
          assertAlmostEquals(actual.get(label) ?? NaN, probability, 1e-3);
        }
      });
    }),
);

Deno.test(
  "an image too large for a canvas is shrunk, and the last of several files is shown",
  () =>
    withSite(tiny(3), async (folder) => {
      await writePicture(join(folder, "small.png"), 8, 8);
      const [width, height] = [5200, 3300];
      const data = new Uint8ClampedArray(4 * width * height).fill(255);
      for (let i = 0; i < data.length; i += 4) {
        data.set([i / 4 % width / 21, i / 4 / width / 13, 90], i);
      }
      const large = await encodePng(new ImageData(data, width, height));
      await Deno.writeFile(join(folder, "large.png"), new Uint8Array(large));
      await withSitePage(folder, false, async (page) => {
        await page.setInputFiles("#file", join(folder, "large.png"));
        await page.setInputFiles("#file", join(folder, "small.png"));
        await page.locator("#drop-name", { hasText: "small.png" }).waitFor();
        await page.evaluate(`document.querySelector("#ranking").replaceChildren()`);
        await page.setInputFiles("#file", join(folder, "large.png"));
        await page.locator("#drop-name", { hasText: "large.png" }).waitFor();
        const actual = await shown(page);
        for (const [label, probability] of await predicted(folder, "large.png")) {
          assertAlmostEquals(actual.get(label) ?? NaN, probability, 1e-2);
        }
      });
    }),
);

Deno.test(
  "a digit can be drawn by mouse or keyboard, and cleared",
  () =>
    withSite(tiny(1), (folder) =>
      withSitePage(folder, false, async (page) => {
        const box = await page.locator("#field").boundingBox();
        assert(box);
        await page.mouse.move(box.x + 100, box.y + 60);
        await page.mouse.down();
        await page.mouse.move(box.x + 110, box.y + 200, { steps: 5 });
        await page.mouse.up();
        const drawn = await shown(page);
        assertAlmostEquals([...drawn.values()].reduce((sum, value) => sum + value, 0), 1, 1e-5);
        assertEquals(await page.isVisible("#seen"), true);
        await page.click("#clear");
        assertEquals(await page.locator("#ranking li").count(), 0);
        await page.focus("#field");
        for (const key of ["Space", "ArrowDown", "ArrowDown", "ArrowDown", "Space"]) {
          await page.keyboard.press(key);
        }
        assertEquals((await shown(page)).size, CLASSES);
        await page.keyboard.press("Escape");
        assertEquals(await page.locator("#ranking li").count(), 0);
      })),
);
