import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { BatchLoader } from "../../datasets/loader.ts";
import { type DatasetChoice, loadDataset } from "../../datasets/open.ts";
import { batchTexts } from "../support/collected.ts";
import { plainPng, withFiles } from "../support/pictures.ts";
import { indexShards } from "../../datasets/shards/indexing.ts";
import { withFolder } from "../support/folder.ts";
import { attempted, ATTEMPTS, type Places } from "../support/sources/attempts.ts";
import { attempting, OUTCOMES } from "../support/sources/attempting.ts";
import { ASKED, confined } from "../support/sources/confined.ts";

Deno.test("decoding workers have permission only to read images", async () => {
  using loader = new BatchLoader(confined, { batchSize: 1, workers: 0 });
  for await (const { arrays: { pixels } } of loader.epoch(0)) {
    assertEquals([...pixels], ASKED.map((_, i) => i === 0 ? 1 : 0));
  }
});

/** Calls `test` with files and a server on which every attempt succeeds if it is permitted. */
function withPlaces(test: (places: Places) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    const [inside, outside] = ["inside", "outside"].map((name) => join(folder, name));
    for (const place of [inside, outside]) {
      await Deno.mkdir(place);
      for (const name of ["picture", "spare"]) await Deno.writeTextFile(join(place, name), name);
    }
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    await using server = Deno.serve(options, () => new Response("there"));
    await test({ inside, outside, port: server.addr.port });
  });
}

/** The outcomes of the attempts if only images may be read. */
const CONFINED = Object.keys(ATTEMPTS).map((_, i) => i === 0 ? "done" : "refused");

Deno.test("a decoding worker can read images and nothing else", () =>
  withPlaces(async (places) => {
    using loader = new BatchLoader(attempting(places), { batchSize: 1 });
    for await (const { arrays: { pixels } } of loader.epoch(0)) {
      assertEquals(Array.from(pixels, (outcome) => OUTCOMES[outcome]), CONFINED);
    }
    // The same attempts succeed here.
    assertEquals(await attempted(places), CONFINED.map(() => "done"));
  }));

Deno.test("an indexing thread can read its file and nothing else", () =>
  withPlaces(async (places) => {
    const script = new URL("../support/sources/attempting_index.ts", import.meta.url);
    const indexer = { kind: "attempts", script, indexHere: () => Promise.reject(new Error()) };
    const options = { severalLabels: true, separator: "", label: JSON.stringify(places) };
    const cache = join(places.outside, "cache");
    const file = join(places.inside, "picture");
    const [index] = await indexShards(indexer, [file], options, { cache });
    const outcomes = Array.from(index.labels, (label) => index.labelTexts[label]);
    assertEquals(outcomes, CONFINED);
  }));

/** Images of several sizes, no two alike. */
const FILES = Object.fromEntries(
  Array.from({ length: 26 }, (_, i) => [
    `${i % 2 ? "odd" : "even"}/${i}.png`,
    plainPng([9 * i, 255 - 9 * i, i], 5 + i % 7, 4 + i % 3),
  ]),
);

Deno.test("any number of workers serves the same images, also from mid-epoch", () =>
  withFiles(FILES, async (root) => {
    const { train, test } = await loadDataset({ name: "image_folder", root } as DatasetChoice, {
      trainTransforms: [{ name: "random_resized_crop", size: 4 }, "horizontal_flip"],
      transformSeed: 7,
    });
    const collect = async (workers: number, epoch: number, start = 0) => {
      using loader = new BatchLoader(train, { batchSize: 5, seed: 7, shuffle: true, workers });
      return await batchTexts(loader.epoch(epoch, start));
    };
    const expected = [await collect(1, 0), await collect(1, 1)];
    assertEquals(expected[0] === expected[1], false);
    for (const workers of [2, 4]) {
      assertEquals([await collect(workers, 0), await collect(workers, 1)], expected);
    }
    assertEquals(await collect(3, 1, 2), expected[1].slice(2));
    using measured = new BatchLoader(test, { batchSize: 3 });
    assertEquals(await batchTexts(measured.epoch(0)), await batchTexts(measured.epoch(0)));
  }));

Deno.test("workers read images through links, also outside the folder", () =>
  withFiles(
    { "other/deep/1.png": plainPng([1, 1, 1]), "other/2.png": plainPng([2, 2, 2]) },
    (other) =>
      withFiles(
        { "a/3.png": plainPng([3, 3, 3]), "b/4.png": plainPng([4, 4, 4]) },
        async (root) => {
          await Deno.symlink(join(other, "other", "deep"), join(root, "a", "deep"));
          await Deno.symlink(join(other, "other", "2.png"), join(root, "b", "2.png"));
          const { train, test } = await loadDataset({
            name: "image_folder",
            root,
            holdOut: { count: 2 },
          });
          const found: number[] = [];
          for (const split of [train, test]) {
            using loader = new BatchLoader(split, { batchSize: 1, workers: 1 });
            for await (const { arrays } of loader.epoch(0)) found.push(arrays.pixels[0]);
          }
          assertEquals(found.sort(), [1, 2, 3, 4]);
        },
      ),
  ));
