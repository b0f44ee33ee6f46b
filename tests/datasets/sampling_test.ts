import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { LABELS } from "../../datasets/image_source.ts";
import { BatchLoader, type LoaderOptions } from "../../datasets/loader.ts";
import { balancedOrder } from "../../datasets/sampling.ts";
import { MemorySource } from "../../datasets/sources/memory.ts";
import { InputError } from "../../errors.ts";
import { assertResumesExactly } from "../support/resumes.ts";

/** 2 images of class 0, 3 of class 1, 15 of class 2. */
const CLASSES = [2, 2, 0, 2, 2, 1, 2, 2, 2, 1, 2, 2, 2, 2, 0, 2, 1, 2, 2, 2];

const labels = Int32Array.from(CLASSES);

/** How often each image occurs in an order. */
function countsOf(images: Uint32Array): number[] {
  const counts = Array(labels.length).fill(0);
  images.forEach((image) => counts[image]++);
  return counts;
}

Deno.test("a balanced epoch draws equally from each class, and evenly from its images", () => {
  for (let epoch = 0; epoch < 5; epoch++) {
    const { images } = balancedOrder(labels, labels.length, { seed: 1, epoch });
    const counts = countsOf(images);
    const perClass = [0, 1, 2].map((c) => counts.filter((_, i) => labels[i] === c));
    const sums = perClass.map((own) => own.reduce((a, b) => a + b));
    assertEquals(sums.toSorted(), [6, 7, 7]);
    for (const own of perClass) assert(Math.max(...own) - Math.min(...own) <= 1);
  }
});

Deno.test("repetitions of an image are numbered, and every epoch has its own order", () => {
  const { images, showings, mostShowings } = balancedOrder(labels, 20, { seed: 1, epoch: 0 });
  const pairs = [...images].map((image, i) => `${image} ${showings?.[i]}`);
  assertEquals(new Set(pairs).size, 20);
  assertEquals(mostShowings, 4);
  assert(showings?.every((showing) => showing < mostShowings));
  const orders = [[1, 0], [1, 1], [2, 0]].map(([seed, epoch]) =>
    String(balancedOrder(labels, 20, { seed, epoch }).images)
  );
  assertEquals(new Set(orders).size, 3);
  assertEquals(String(images), orders[0]);
  // Not sorted by class.
  const shown = [...images].map((image) => labels[image]);
  assertNotEquals(shown, shown.toSorted());
});

const SHAPE = { height: 6, width: 6, channels: 2 };

/** Images that show their own numbers. */
function source(): MemorySource {
  const images = new Uint8Array(new SharedArrayBuffer(20 * 72));
  images.forEach((_, i) => images[i] = 10 * Math.floor(i / 72) + i % 9);
  const data = new Int32Array(new SharedArrayBuffer(80));
  data.set(labels);
  return new MemorySource({ images, shape: SHAPE, targets: { labels: { ...LABELS, data } } });
}

async function batches(options: Partial<LoaderOptions>, first = 0) {
  using loader = new BatchLoader(source(), {
    batchSize: 6,
    shuffle: true,
    sampling: "balanced",
    augmentation: [{ name: "random_crop", padding: 2 }],
    ...options,
  });
  const found: number[][] = [];
  for await (const { arrays } of loader.epoch(3, first)) {
    found.push([...arrays.pixels, ...arrays.labels, ...arrays.transforms]);
  }
  return found;
}

Deno.test("balanced batches are the same for any number of workers, from any batch", async () => {
  const expected = await batches({ workers: 0 });
  assertEquals(await batches({ workers: 2 }), expected);
  assertEquals(await batches({ workers: 1 }, 2), expected.slice(2));
});

Deno.test("a repeated image is augmented differently each time", async () => {
  using loader = new BatchLoader(source(), {
    batchSize: 20,
    shuffle: true,
    sampling: "balanced",
    augmentation: [{ name: "random_crop", padding: 2 }],
    workers: 0,
  });
  const crops = new Map<number, Set<string>>();
  for await (const { arrays: { pixels, transforms } } of loader.epoch(0)) {
    for (let row = 0; row < 20; row++) {
      const image = Math.floor(pixels[72 * row] / 10);
      const own = crops.get(image) ?? new Set();
      crops.set(image, own.add(String(transforms.subarray(3 * row, 3 * row + 2))));
    }
  }
  // The two images of class 0 share six or seven rows.
  assert([2, 14].some((image) => crops.get(image)!.size > 1));
});

Deno.test("training with balanced sampling resumes exactly", async () => {
  await assertResumesExactly({ sampling: "balanced", train: source(), epochs: 1 });
});

Deno.test("balanced sampling requires one class per image", () => {
  const { images, shape } = source();
  const none = new MemorySource({ images, shape, targets: {} });
  const error = assertThrows(
    () => new BatchLoader(none, { batchSize: 4, shuffle: true, sampling: "balanced" }),
    InputError,
    "needs images of one class each; found no targets",
  );
  assertEquals(error.at, ["sampling"]);
});
