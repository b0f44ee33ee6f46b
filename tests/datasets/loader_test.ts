import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { openDataset } from "../../datasets/open.ts";
import type { ImageSource } from "../../datasets/image_source.ts";
import { BatchLoader, type LoaderOptions } from "../../datasets/loader.ts";
import { InputError } from "../../errors.ts";
import { RandomStream } from "../../graph/random.ts";
import { collect, type Copy, source, training } from "../support/collected.ts";
import { numberedImages } from "../support/images.ts";
import { numbered } from "../support/sources/numbered.ts";

Deno.test("every image is served once per epoch, with its label", async () => {
  using loader = new BatchLoader(source, training);
  const batches = await collect(loader, 0);
  const labels = batches.flatMap((batch) => batch.labels.slice(0, batch.count));
  assertEquals(labels.toSorted((a, b) => a - b), Array.from({ length: 23 }, (_, i) => i));
  for (const { pixels, labels, count } of batches) {
    for (let row = 0; row < count; row++) {
      assertEquals(pixels.slice(12 * row, 12 * row + 12), new Array(12).fill(labels[row]));
    }
  }
});

Deno.test("the last batch is padded with label -1 and zeros, or dropped", async () => {
  using padded = new BatchLoader(source, training);
  const last = (await collect(padded, 0)).at(-1);
  assertEquals([padded.batchCount, last?.index, last?.count], [5, 4, 3]);
  assertEquals(last?.labels.slice(3), [-1, -1]);
  assertEquals(last?.pixels.slice(36), new Array(24).fill(0));
  assertEquals(last?.transforms.slice(9), new Array(6).fill(0));
  using dropped = new BatchLoader(source, { ...training, dropLast: true });
  assertEquals((await collect(dropped, 0)).length, 4);
});

/** Images with differing pixels, so that a vertical flip is detected. */
const varied = numberedImages(23, source.shape);
varied.images.forEach((_, i) => varied.images[i] = i % 251);

/** Every random option. */
const busy: LoaderOptions = {
  ...training,
  augmentation: [...training.augmentation!, { name: "random_erasing", value: "random" }],
  mixing: { options: { mixup: {}, cutmix: {}, mode: "elem" }, classes: 256 },
  augRepeats: 3,
};

const sources: [string, ImageSource][] = [["in memory", varied], [
  "read asynchronously",
  numbered({ count: 23 }),
]];
for (const [what, images] of sources) {
  Deno.test(`any number of workers serves the same batches of images ${what}`, async () => {
    using without = new BatchLoader(images, { ...busy, workers: 0 });
    const expected = [await collect(without, 0), await collect(without, 1)];
    for (const workers of [1, 2, 4]) {
      using loader = new BatchLoader(images, { ...busy, workers });
      assertEquals([await collect(loader, 0), await collect(loader, 1)], expected);
    }
  });
}

Deno.test("resuming at any batch continues exactly", async () => {
  using uninterrupted = new BatchLoader(source, busy);
  const expected = await collect(uninterrupted, 3);
  for (let start = 0; start <= expected.length; start++) {
    using resumed = new BatchLoader(source, busy);
    assertEquals(await collect(resumed, 3, start), expected.slice(start));
  }
});

Deno.test("leaving a loop early does not affect the next", async () => {
  using loader = new BatchLoader(source, training);
  for await (const _ of loader.epoch(0)) break;
  using several = new BatchLoader(numbered({ count: 23 }), { ...training, workers: 3 });
  for await (const _ of several.epoch(0)) break;
  using plain = new BatchLoader(numbered({ count: 23 }), { ...training, workers: 0 });
  assertEquals(await collect(several, 1), await collect(plain, 1));
  using fresh = new BatchLoader(source, { ...training, workers: 0 });
  assertEquals(await collect(loader, 1), await collect(fresh, 1));
});

Deno.test("epochs and seeds differ in order and augmentation", async () => {
  using loader = new BatchLoader(source, training);
  using other = new BatchLoader(source, { ...training, seed: 12 });
  const orders = [await collect(loader, 0), await collect(loader, 1), await collect(other, 0)];
  for (const part of ["labels", "transforms"] as const) {
    const seen = orders.map((batches) => batches.map((batch) => batch[part].join()).join());
    assertEquals(new Set(seen).size, 3);
  }
});

Deno.test("crops and flips are the same as in earlier versions", async () => {
  using loader = new BatchLoader(source, { ...training, workers: 0 });
  const [{ labels, transforms }] = await collect(loader, 1);
  for (const [row, sample] of labels.entries()) {
    const random = new RandomStream({ seed: 11, stream: 2, epoch: 1, sample });
    const drawn = [random.integer(9), random.integer(9), random.integer(2)];
    assertEquals(transforms.slice(3 * row, 3 * row + 3), drawn);
  }
});

Deno.test("repeated augmentation shows fewer images per epoch, each augmented differently", async () => {
  using loader = new BatchLoader(source, { ...training, augRepeats: 3, workers: 0 });
  const batches = await collect(loader, 1);
  const labels = batches.flatMap(({ labels, count }) => labels.slice(0, count));
  const transforms = batches.flatMap(({ transforms, count }) =>
    Array.from({ length: count }, (_, row) => transforms.slice(3 * row, 3 * row + 3).join())
  );
  const order = new RandomStream({ seed: 11, stream: 1, epoch: 1 }).permutation(23);
  assertEquals(labels, [...order].flatMap((image) => [image, image, image]).slice(0, 23));
  const drawnAlike = Array.from({ length: 7 }, (_, i) => transforms.slice(3 * i, 3 * i + 3))
    .filter((drawn) => new Set(drawn).size < 3);
  // With 162 possible transforms, two may coincide.
  assert(drawnAlike.length < 2, drawnAlike.join(" | "));
});

Deno.test("mixed targets combine those of the mixed images", async () => {
  const mixing = { options: { mixup: {} }, classes: 23 };
  using plain = new BatchLoader(source, { ...training, workers: 0 });
  using mixed = new BatchLoader(source, { ...training, mixing, workers: 0 });
  const before = await collect(plain, 0);
  for (const [index, { count, pixels, labels, others }] of (await collect(mixed, 0)).entries()) {
    const { partners, shares, probabilities } = others;
    const own = before[index].labels;
    assertEquals(pixels, before[index].pixels);
    for (let row = 0; row < count; row++) {
      const expected = new Float32Array(23);
      expected[own[row]] += shares[row];
      expected[own[partners[5 * row]]] += 1 - shares[row];
      assertEquals(probabilities.slice(23 * row, 23 * row + 23), [...expected]);
      assertEquals(labels[row], expected.indexOf(Math.max(...expected)));
    }
  }
});

Deno.test("augmentation stays in range; without it images are served unchanged, in order", async () => {
  using loader = new BatchLoader(source, training);
  const seen = new Set<number>();
  for (let epoch = 0; epoch < 20; epoch++) {
    for (const { transforms, count } of await collect(loader, epoch)) {
      for (let row = 0; row < count; row++) {
        seen.add(transforms[3 * row]).add(transforms[3 * row + 1]);
        assertEquals([0, 1].includes(transforms[3 * row + 2]), true);
      }
    }
  }
  assertEquals([...seen].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  using plain = new BatchLoader(source, { batchSize: 23 });
  const [batch] = await collect(plain, 0);
  assertEquals(batch.labels, Array.from({ length: 23 }, (_, i) => i));
  assertEquals(batch.pixels, [...source.images]);
  assertEquals(batch.transforms, []);
  using still = new BatchLoader(source, { batchSize: 23, augmentation: [] });
  assertEquals((await collect(still, 0))[0].transforms, new Array(69).fill(0));
});

Deno.test("targets of several numbers fill their rows, and padding rows their fill value", async () => {
  const dataset = await openDataset({
    name: "synthetic_multi_label",
    classes: 3,
    imageSize: 4,
    trainCount: 5,
  });
  const { train } = await dataset.load();
  using loader = new BatchLoader(train, { batchSize: 4 });
  const seen: number[] = [];
  for await (const { arrays } of loader.epoch(0)) seen.push(...arrays.targets);
  assertEquals(seen, [...train.targets.targets.data, ...new Array(9).fill(-1)]);
});

Deno.test("a closed loader can be used again", async () => {
  const loader = new BatchLoader(source, training);
  const expected = await collect(loader, 0);
  loader.close();
  assertEquals(await collect(loader, 0), expected);
});

Deno.test("only one epoch can be served at a time", async () => {
  using loader = new BatchLoader(source, training);
  for await (const _ of loader.epoch(0)) {
    await assertRejects(() => loader.epoch(1).next(), Error, "still being served");
  }
});

Deno.test("invalid sizes are rejected", () => {
  const make = (options: Partial<LoaderOptions>) => () =>
    new BatchLoader(source, { ...training, ...options });
  assertThrows(make({ batchSize: 0 }), InputError, "batchSize: found 0");
  assertThrows(make({ batchSize: 1e12 }), InputError, "memory for 4 batches of 1000000000000");
  assertThrows(make({ batchSize: 24, dropLast: true }), InputError, "only 23 images");
  assertThrows(make({ workers: -1 }), InputError, "workers: found -1");
  assertThrows(make({ seed: 0.5 }), InputError, "seed: found 0.5");
  assertThrows(
    make({ augmentation: [{ name: "random_crop", padding: -1 }] }),
    InputError,
    "random_crop: padding",
  );
});

Deno.test("epoch and startBatch must be non-negative integers", async () => {
  using loader = new BatchLoader(source, { batchSize: 5, workers: 0 });
  await assertRejects(() => loader.epoch(-1).next(), InputError, "epoch: found -1");
  await assertRejects(() => loader.epoch(0, -1).next(), InputError, "startBatch: found -1");
  await assertRejects(() => loader.epoch(0, 1.5).next(), InputError, "startBatch: found 1.5");
});

Deno.test("loaders that take turns together serve the batches of one", async () => {
  const { train } = await (await openDataset({ name: "synthetic", trainCount: 23 })).load();
  const options: LoaderOptions = { ...busy, batchSize: 2 };
  using whole = new BatchLoader(train, options);
  const expected = await collect(whole, 1, 4);
  for (const workers of [0, 2]) {
    const found: Copy[] = [];
    for (const index of [0, 1]) {
      const turn = { index, of: 2, batches: 2 };
      using loader = new BatchLoader(train, { ...options, workers, turn });
      assertEquals(loader.batchCount, 12);
      const own = await collect(loader, 1, 4);
      assertEquals(own.map(({ index }) => index), index === 0 ? [4, 5, 8, 9] : [6, 7, 10, 11]);
      found.push(...own);
    }
    assertEquals(found.toSorted((a, b) => a.index - b.index), expected);
  }
});
