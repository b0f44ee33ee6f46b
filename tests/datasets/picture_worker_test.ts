import { assertEquals } from "@std/assert";
import { type Batch, BatchLoader } from "../../datasets/loader.ts";
import { type DatasetChoice, loadDataset } from "../../datasets/open.ts";
import { plainPng, withFiles } from "../support/pictures.ts";
import { ASKED, confined } from "../support/sources/confined.ts";

Deno.test("a worker that decodes pictures may read what they need, and do nothing else", async () => {
  using loader = new BatchLoader(confined, { batchSize: 1, workers: 0 });
  for await (const { arrays: { pixels } } of loader.epoch(0)) {
    assertEquals([...pixels], ASKED.map((_, i) => i === 0 ? 1 : 0));
  }
});

/** Pictures of several sizes, no two alike. */
const FILES = Object.fromEntries(
  Array.from({ length: 26 }, (_, i) => [
    `${i % 2 ? "odd" : "even"}/${i}.png`,
    plainPng([9 * i, 255 - 9 * i, i], 5 + i % 7, 4 + i % 3),
  ]),
);

Deno.test("any number of workers serves the same pictures, in the middle of an epoch too", () =>
  withFiles(FILES, async (root) => {
    const { train, test } = await loadDataset({ name: "image_folder", root } as DatasetChoice, {
      trainTransforms: [{ name: "random_resized_crop", size: 4 }, "horizontal_flip"],
      transformSeed: 7,
    });
    const collect = async (workers: number, epoch: number, start = 0) => {
      using loader = new BatchLoader(train, { batchSize: 5, seed: 7, shuffle: true, workers });
      return await copies(loader.epoch(epoch, start));
    };
    const expected = [await collect(1, 0), await collect(1, 1)];
    assertEquals(expected[0] === expected[1], false);
    for (const workers of [2, 4]) {
      assertEquals([await collect(workers, 0), await collect(workers, 1)], expected);
    }
    assertEquals(await collect(3, 1, 2), expected[1].slice(2));
    using measured = new BatchLoader(test, { batchSize: 3 });
    assertEquals(await copies(measured.epoch(0)), await copies(measured.epoch(0)));
  }));

async function copies(batches: AsyncIterable<Batch>): Promise<string[]> {
  const found: string[] = [];
  for await (const { arrays } of batches) found.push([arrays.pixels, arrays.labels].join(" "));
  return found;
}
