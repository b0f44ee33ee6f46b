import { assertEquals, assertThrows } from "@std/assert";
import { describeDataset, loadDataset } from "../../datasets/load.ts";
import { datasetNames, findDataset } from "../../datasets/registry.ts";
import { InputError } from "../../errors.ts";
import { parseChecksum } from "../../files/checksum.ts";

for (const name of datasetNames()) {
  Deno.test(`${name} describes itself completely`, () => {
    const info = describeDataset({ name });
    assertEquals(info.name, name);
    assertEquals(info.statistics.mean.length, info.imageShape.channels);
    assertEquals(info.statistics.std.length, info.imageShape.channels);
    assertEquals(new Set(info.classNames).size, info.classNames.length);
    const definition = findDataset(name);
    if (definition.kind === "generated") return;
    for (const file of [...definition.remoteFiles, ...definition.package?.files ?? []]) {
      parseChecksum(file.checksum, file.name);
    }
  });
}

Deno.test("CIFAR-100 has its hundred fine classes", () => {
  assertEquals(describeDataset({ name: "cifar100" }).classNames.length, 100);
});

Deno.test("an unknown name is refused with the nearest one", () => {
  assertThrows(() => findDataset("cifar_10"), InputError, 'did you mean "cifar10"');
  assertThrows(() => findDataset("toString"), InputError, "there is no dataset");
});

Deno.test("the synthetic dataset repeats, differs by seed and shows its classes", async () => {
  const options = {
    name: "synthetic",
    classes: 3,
    imageSize: 8,
    channels: 2,
    trainCount: 60,
    testCount: 30,
  };
  const first = await loadDataset(options);
  const again = await loadDataset(options);
  const other = await loadDataset({ ...options, imageSeed: 1 });
  assertEquals(first.train.images, again.train.images);
  assertEquals(first.train.images.length, 60 * 8 * 8 * 2);
  assertEquals(first.classNames.length, 3);
  assertEquals([...new Set(first.test.labels)].sort(), [0, 1, 2]);
  const same = first.train.images.filter((byte, i) => byte === other.train.images[i]).length;
  assertEquals(same < first.train.images.length / 10, true);
});

Deno.test("synthetic options out of range are refused", () => {
  assertThrows(
    () => describeDataset({ name: "synthetic", classes: 1 }),
    InputError,
    "classes is 1",
  );
});
