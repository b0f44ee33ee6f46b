import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { imageSize, type ImageSource, readImages } from "../../datasets/image_source.ts";
import { BatchLoader } from "../../datasets/loader.ts";
import { type DatasetOptions, loadDataset } from "../../datasets/open.ts";
import { InputError } from "../../errors.ts";

const load = (options: DatasetOptions) =>
  loadDataset(
    { name: "synthetic", classes: 2, imageSize: 8, trainCount: 12, testCount: 4 },
    options,
  );

Deno.test("transforms apply to every dataset, and validation images get the size of training images", async () => {
  const data = await load({
    trainTransforms: [{ name: "random_crop", size: [4, 6] }, "vertical_flip"],
    transformSeed: 5,
  });
  assertEquals(data.imageShape, { height: 4, width: 6, channels: 3 });
  assertEquals([data.train.shape, data.test.shape], [data.imageShape, data.imageShape]);
  assertEquals((await readImages(data.test)).length, 4 * imageSize(data.imageShape));
  const served = async (workers: number) => {
    using loader = new BatchLoader(data.train, { batchSize: 4, shuffle: true, workers });
    const all: number[] = [];
    for await (const { arrays } of loader.epoch(2)) all.push(...arrays.pixels, ...arrays.labels);
    return all;
  };
  assertEquals(await served(2), await served(0));
});

Deno.test("eval transforms alone apply to training images too", async () => {
  const plain = await load({});
  const flipped = await load({ evalTransforms: [{ name: "center_crop", size: 8 }] });
  assertEquals(await readImages(flipped.train), await readImages(plain.train));
});

Deno.test("incompatible lists are rejected at their place", async () => {
  const train = [{ name: "center_crop", size: 4 }] as const;
  const refused: [DatasetOptions, string, (string | number)[]][] = [
    [
      { trainTransforms: train, evalTransforms: [{ name: "fit", size: 5 }] },
      "these transforms give images of 5x5; those to train on are 4x4",
      ["evalTransforms"],
    ],
    [{ evalTransforms: ["horizontal_flip"] }, "horizontal_flip is random", ["evalTransforms", 0]],
  ];
  for (const [options, message, at] of refused) {
    const error = await assertRejects(() => load(options), InputError, message);
    assertEquals(error.at, at);
  }
});

Deno.test("held-out images get the eval transforms", async () => {
  const views = {
    trainTransforms: [{ name: "center_crop", size: 4 }, { name: "horizontal_flip", p: 1 }],
    evalTransforms: [{ name: "resize", size: 4 }],
  } as const;
  const last = async ({ train }: { readonly train: ImageSource }) =>
    await readImages(train.slice(train.count - 3, train.count));
  const { sizes, train, test } = await load({ ...views, heldOut: 3 });
  assertEquals([sizes, train.count, test.count], [{ train: 9, test: 3 }, 9, 3]);
  assertEquals(
    await readImages(test),
    await last(await load({ ...views, trainTransforms: undefined })),
  );
  assertNotEquals(await readImages(test), await last(await load(views)));
  assertEquals(await readImages(train), await readImages((await load(views)).train, 9));
});
