import { assertEquals, assertRejects } from "@std/assert";
import { readImages } from "../../datasets/image_source.ts";
import { type DatasetChoice, loadDataset, openDataset } from "../../datasets/open.ts";
import { DATASETS } from "../../datasets/registry.ts";
import { sizeOf } from "../../graph/types.ts";
import { InputError } from "../../errors.ts";
import { bareNames } from "../../schema/entry.ts";

for (const name of bareNames(DATASETS)) {
  Deno.test(`${name} is described consistently`, async () => {
    const { info } = await openDataset(name);
    assertEquals(info.name, name);
    assertEquals(info.statistics.mean.length, info.imageShape.channels);
    assertEquals(info.statistics.std.length, info.imageShape.channels);
    assertEquals(new Set(info.classNames).size, info.classNames.length);
    assertEquals(Object.keys(info.targets).length, 1);
  });
}

Deno.test("CIFAR-100 has its 100 fine classes", async () => {
  assertEquals((await openDataset("cifar100")).info.classNames.length, 100);
});

Deno.test("a root among a dataset's options is rejected with its right place", async () => {
  const choice = { name: "cifar10", root: "/data" } as unknown as DatasetChoice;
  const error = await assertRejects(() => openDataset(choice), InputError);
  assertEquals(error.at, ["root"]);
  assertEquals(error.message.endsWith('as in loadDataset("cifar10", { root: … })'), true);
});

Deno.test("an unknown name is rejected with the nearest one", async () => {
  const open = (name: string) => openDataset(name as DatasetChoice);
  await assertRejects(() => open("cifar_10"), InputError, 'did you mean "cifar10"');
  await assertRejects(() => open("toString"), InputError, "there is no dataset");
});

const small = { classes: 3, imageSize: 8, channels: 2, trainCount: 60, testCount: 30 };

Deno.test("the synthetic dataset is reproducible, depends on its seed and has every class", async () => {
  const { train, test, classNames } = await loadDataset({ name: "synthetic", ...small });
  const again = await loadDataset({ name: "synthetic", ...small });
  const other = await loadDataset({ name: "synthetic", ...small, imageSeed: 1 });
  const pixels = await readImages(train);
  assertEquals(pixels, await readImages(again.train));
  assertEquals(pixels.length, 60 * 8 * 8 * 2);
  assertEquals(classNames.length, 3);
  assertEquals([...new Set(test.targets.labels.data)].sort(), [0, 1, 2]);
  const others = await readImages(other.train);
  assertEquals(pixels.filter((byte, i) => byte === others[i]).length < pixels.length / 10, true);
});

Deno.test("the synthetic dataset's images are the same as in earlier versions", async () => {
  const { train } = await loadDataset({ name: "synthetic", ...small });
  assertEquals([...(await readImages(train, 1)).subarray(0, 8)], [
    171,
    146,
    117,
    141,
    121,
    91,
    135,
    76,
  ]);
});

Deno.test("multi-label images have at most as many labels as classes", async () => {
  const open = (options: { classes: number; maxLabels?: number }) =>
    loadDataset({ ...small, name: "synthetic_multi_label", ...options });
  const { train } = await open({ classes: 2 });
  const { data } = train.targets.targets;
  const shown = Array.from({ length: train.count }, (_, i) => data[2 * i] + data[2 * i + 1]);
  assertEquals([...new Set(shown)].sort(), [0, 1, 2]);
  const error = await assertRejects(() => open({ classes: 2, maxLabels: 3 }), InputError);
  assertEquals(
    error.message,
    "dataset synthetic_multi_label: maxLabels: found 3, expected at most 2, the number of classes",
  );
  assertEquals(error.at, ["maxLabels"]);
});

Deno.test("a multi-label image shows only the patterns of its classes", async () => {
  const quiet = { name: "synthetic_multi_label", ...small, maxLabels: 2 } as const;
  const { train, targets } = await loadDataset(quiet);
  assertEquals(targets.targets.shape, [3]);
  const shown = [...train.targets.targets.data];
  assertEquals(shown.length, 60 * sizeOf(targets.targets.shape));
  const numbers = Array.from(
    { length: 60 },
    (_, i) => shown.slice(3 * i, 3 * i + 3).reduce((sum, target) => sum + target, 0),
  );
  assertEquals([...new Set(numbers)].sort(), [0, 1, 2]);
  // More patterns, more contrast.
  const pixels = await readImages(train);
  const deviation = (count: number) => {
    const chosen = numbers.flatMap((number, i) => number === count ? [i] : []);
    const images = chosen.map((i) => pixels.subarray(128 * i, 128 * i + 128));
    const squares = images.map((image) => image.reduce((sum, p) => sum + (p - 127.5) ** 2, 0));
    return squares.reduce((sum, square) => sum + square, 0) / squares.length;
  };
  assertEquals(deviation(0) < deviation(1) && deviation(1) < deviation(2), true);
});

Deno.test("invalid options are rejected at their key", async () => {
  const refused: [DatasetChoice, string, string[]][] = [
    [{ name: "synthetic", classes: 1 }, "synthetic: classes: found 1", ["classes"]],
    [{ name: "mnist", classes: 10 } as DatasetChoice, "unknown key", ["classes"]],
    ...[undefined, null, 3, ["mnist"]].map((choice): [DatasetChoice, string, string[]] => [
      choice as unknown as DatasetChoice,
      "expected one of mnist,",
      [],
    ]),
    ...[{}, { name: 3 }].map((choice): [DatasetChoice, string, string[]] => [
      choice as unknown as DatasetChoice,
      "expected one of mnist,",
      ["name"],
    ]),
  ];
  for (const [choice, message, at] of refused) {
    const error = await assertRejects(() => openDataset(choice), InputError, message);
    assertEquals(error.at, at);
  }
});
