import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import type { CacheChoice } from "../../../datasets/caches/registry.ts";
import { filesIn } from "../../../datasets/caches/pixel_file.ts";
import type { ImageSource } from "../../../datasets/image_source.ts";
import { BatchLoader } from "../../../datasets/loader.ts";
import { type DatasetChoice, loadDataset } from "../../../datasets/open.ts";
import type { TransformChoice } from "../../../datasets/transforms/registry.ts";
import { Journal } from "../../../files/journal.ts";
import { withFolder } from "../../support/folder.ts";
import { plainPng, withFiles } from "../../support/pictures.ts";
import { tarOf } from "../../support/tar.ts";

/** Images of several sizes, no two alike. */
const FILES = Object.fromEntries(
  Array.from({ length: 26 }, (_, i) => [
    `photos/${i % 2 ? "odd" : "even"}/${i}.png`,
    plainPng([9 * i, 255 - 9 * i, i], 5 + i % 7, 4 + i % 3),
  ]),
);

const LISTS: Readonly<Record<string, readonly TransformChoice[]>> = {
  "as decoded": [{ name: "random_resized_crop", size: 4 }, "horizontal_flip"],
  "of one size": [{ name: "fit", size: 6 }, "grayscale", { name: "random_crop", size: 4 }],
};

/** Runs a test in a folder with images that have not changed recently. */
function withPictures(test: (folder: string) => Promise<void>): Promise<void> {
  return withFiles(FILES, async (folder) => {
    for (const path of Object.keys(FILES)) await Deno.utime(join(folder, path), 1e9, 1e9);
    await test(folder);
  });
}

interface Options {
  readonly transforms?: readonly TransformChoice[];
  readonly cache?: CacheChoice;
  readonly notices?: string[];
}

async function trainingIn(
  folder: string,
  { transforms = LISTS["of one size"], cache = "none", notices = [] }: Options,
): Promise<ImageSource> {
  const choice = { name: "image_folder", root: join(folder, "photos") } as DatasetChoice;
  const { train } = await loadDataset(choice, {
    trainTransforms: transforms,
    transformSeed: 7,
    cache: join(folder, "cache"),
    pictureCache: cache,
    scan: false,
    onNotice: (line) => notices.push(line),
  });
  return train;
}

/** The contents of the batches of some epochs. */
async function served(source: ImageSource, workers = 1, epochs = [0]): Promise<string> {
  using loader = new BatchLoader(source, { batchSize: 5, seed: 7, shuffle: true, workers });
  const found: string[] = [];
  for (const epoch of epochs) {
    for await (const { arrays } of loader.epoch(epoch)) {
      found.push([arrays.pixels, arrays.labels].join(" "));
    }
  }
  loader.close();
  await source.release?.();
  return found.join("\n");
}

/** The files of pixels and their journals, one of each per list of transforms. */
async function cacheFiles(folder: string) {
  const cache = join(folder, "cache", "pictures");
  const kinds = await Array.fromAsync(Deno.readDir(cache));
  return kinds.map(({ name }) => filesIn(join(cache, name)));
}

/** Overwrites all images, keeping their lengths and times. */
async function disguise(folder: string): Promise<void> {
  for (const [path, bytes] of Object.entries(FILES)) {
    await Deno.writeFile(join(folder, path), new Uint8Array(bytes.length));
    await Deno.utime(join(folder, path), 1e9, 1e9);
  }
}

for (const cache of ["memory", "disk"] as const) {
  for (const [what, transforms] of Object.entries(LISTS)) {
    Deno.test(`batches are the same with images cached ${what}: ${cache}`, () =>
      withPictures(async (folder) => {
        const expected = await served(await trainingIn(folder, { transforms }), 1, [0, 1, 2]);
        for (const workers of [1, 3]) {
          const source = await trainingIn(folder, { transforms, cache });
          assertEquals(await served(source, workers, [0, 1, 2]), expected);
        }
      }));
  }

  Deno.test(`a cached image is decoded once per run: ${cache}`, () =>
    withPictures(async (folder) => {
      const expected = await served(await trainingIn(folder, {}), 1, [1]);
      const ofPart = await served((await trainingIn(folder, {})).slice(3, 9));
      const source = await trainingIn(folder, { cache });
      await served(source, 2);
      await disguise(folder);
      assertEquals(await served(source, 2, [1]), expected);
      assertEquals(await served(source.slice(3, 9)), ofPart);
    }));
}

Deno.test("a later run reads images from the disk cache while the files are unchanged", () =>
  withPictures(async (folder) => {
    const expected = await served(await trainingIn(folder, {}));
    await served(await trainingIn(folder, { cache: "disk" }), 2);
    await disguise(folder);
    assertEquals(await served(await trainingIn(folder, { cache: "disk" })), expected);
    const [other] = Object.keys(FILES);
    await Deno.writeFile(join(folder, other), plainPng([1, 1, 1], 9, 9));
    const changed = await served(await trainingIn(folder, { cache: "disk" }));
    assert(changed !== expected);
    // Other transforms do not use it either.
    const transforms = LISTS["as decoded"];
    const refused = await served(await trainingIn(folder, { transforms, cache: "disk" }))
      .catch(() => "decoded");
    assertEquals(refused, "decoded");
  }));

Deno.test("damaged and missing pixels of a disk cache are decoded again", () =>
  withPictures(async (folder) => {
    const expected = await served(await trainingIn(folder, {}));
    await served(await trainingIn(folder, { cache: "disk" }));
    for (const cut of [Infinity, 300]) {
      for (const { pixels } of await cacheFiles(folder)) {
        const bytes = await Deno.readFile(pixels);
        if (bytes.length > 0) bytes[40] ^= 1;
        await Deno.writeFile(pixels, bytes.subarray(0, cut));
      }
      assertEquals(await served(await trainingIn(folder, { cache: "disk" })), expected);
    }
    // The newly decoded pixels have been written.
    await disguise(folder);
    assertEquals(await served(await trainingIn(folder, { cache: "disk" })), expected);
  }));

Deno.test("a disk cache has one writer; another process trains without it, with a notice", () =>
  withPictures(async (folder) => {
    const expected = await served(await trainingIn(folder, {}));
    const notices: string[] = [];
    const source = await trainingIn(folder, { cache: "disk", notices });
    const files = await cacheFiles(folder);
    const journals = await Promise.all(files.map(({ journal }) => Journal.open(journal)));
    assertEquals(await served(source), expected);
    for (const journal of journals) journal?.close();
    assertEquals(notices.length, 1);
    assertEquals(notices[0].includes("another process is writing there"), true, notices[0]);
  }));

Deno.test("images beyond a cache's size are decoded in every epoch", () =>
  withPictures(async (folder) => {
    const expected = await served(await trainingIn(folder, {}), 1, [0, 1]);
    const gibibytes = 1000 / 2 ** 30;
    for (const name of ["memory", "disk"] as const) {
      const notices: string[] = [];
      const source = await trainingIn(folder, { cache: { name, gibibytes }, notices });
      assertEquals(await served(source, 2, [0, 1]), expected);
      assertEquals(notices.length, name === "disk" ? 1 : 0);
      if (name === "memory") assert((source.memoryBytes ?? 0) < 1000 + 26 * 32);
    }
  }));

/** Two versions of a file of many images, with the images at the same positions. */
const SHARDS: Readonly<Record<string, () => Promise<readonly Uint8Array<ArrayBuffer>[]>>> = {
  tar_shards: () =>
    Promise.all([0, 1].map((shift) =>
      tarOf(Object.fromEntries(
        Array.from({ length: 12 }, (_, i) => [
          [`${i}.png`, plainPng([9 * i, 100 * shift, i], 6, 6)],
          [`${i}.cls`, `${i % 3}`],
        ]).flat() as [string, Uint8Array | string][],
      ))
    )),
  async parquet() {
    const name = new URL("../../fixtures/shards/none.parquet", import.meta.url);
    const bytes = await Deno.readFile(name);
    return [bytes, withTwoSwapped(bytes)];
  },
};

/** A copy of a file of PNG images with two of them, equally long and both trained on, swapped. */
function withTwoSwapped(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  const [, , , , one, other] = [...text.matchAll(/\x89PNG\r\n[^]*?IEND[^]{4}/g)];
  assertEquals(one[0].length, other[0].length);
  const copy = bytes.slice();
  for (const [from, to] of [[one, other], [other, one]]) {
    copy.set(bytes.subarray(from.index, from.index + from[0].length), to.index);
  }
  return copy;
}

for (const [name, contents] of Object.entries(SHARDS)) {
  Deno.test(`images of a changed file are decoded again: ${name}`, () =>
    withFolder(async (folder) => {
      const [before, after] = await contents();
      assertEquals(after.length, before.length);
      const file = join(folder, name === "parquet" ? "a.parquet" : "a.tar");
      const write = async (bytes: Uint8Array, time: number) => {
        await Deno.writeFile(file, bytes);
        await Deno.utime(file, time, time);
      };
      const batches = async (pictureCache: CacheChoice) => {
        const choice = { name, train: file, holdOut: { count: 3 } } as DatasetChoice;
        const { train } = await loadDataset(choice, {
          trainTransforms: LISTS["of one size"],
          transformSeed: 7,
          cache: join(folder, "cache"),
          pictureCache,
        });
        return await served(train);
      };
      await write(before, 1e9);
      const first = await batches("none");
      assertEquals(await batches("disk"), first);
      // With the same time the cache is used, whatever the file's contents.
      await write(after, 1e9);
      assertEquals(await batches("disk"), first);
      await write(after, 1e9 + 10);
      const second = await batches("none");
      assert(second !== first);
      assertEquals(await batches("disk"), second);
      // A change so recent that another one might have the same time.
      await Deno.writeFile(file, before);
      assertEquals(await batches("disk"), first);
    }));
}
