import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { readImages } from "../../datasets/image_source.ts";
import { loadStl10, stl10 } from "../../datasets/stl10.ts";
import { InputError } from "../../errors.ts";
import { withFiles } from "../support/pictures.ts";

const { info: whole } = stl10.build({}, {});
const info = {
  ...whole,
  imageShape: { height: 2, width: 3, channels: 3 },
  sizes: { train: 2, test: 1 },
};

/** An image of column-major planes: red is 10 × column + row, green 100 more, blue 200. */
const picture = [0, 100, 200].flatMap((plane) => [0, 1, 10, 11, 20, 21].map((red) => plane + red));
const rows = [0, 10, 20, 1, 11, 21].flatMap((red) => [red, 100 + red, 200 + red]);

const FILES = {
  "train_X.bin": new Uint8Array([...picture, ...picture.map((byte) => byte + 1)]),
  "train_y.bin": new Uint8Array([1, 10]),
  "test_X.bin": new Uint8Array(picture),
  "test_y.bin": new Uint8Array([3]),
};

function load(change: Readonly<Record<string, Uint8Array>> = {}) {
  const files = { ...FILES, ...change };
  let loaded: ReturnType<typeof loadStl10> | undefined;
  return withFiles(files, async (folder) => {
    const found = Object.keys(files).map((name) => [name, { path: join(folder, name) }] as const);
    loaded = loadStl10(new Map(found), info);
    await loaded.catch(() => {});
  }).then(() => loaded!);
}

Deno.test("STL-10's columns become rows, and its labels start at 0", async () => {
  const { train, test } = await load();
  assertEquals([...await readImages(train)], [...rows, ...rows.map((byte) => byte + 1)]);
  assertEquals([...train.targets.labels.data], [0, 9]);
  assertEquals([...await readImages(test)], rows);
  assertEquals([...test.targets.labels.data], [2]);
});

Deno.test("an STL-10 file that is truncated or has an invalid label is rejected by name", async () => {
  const refused: [string, Uint8Array, string][] = [
    ["train_X.bin", FILES["train_X.bin"].slice(1), "train_X.bin: contains 35 bytes, expected 36"],
    ["test_y.bin", new Uint8Array([0]), "test_y.bin: record 0 has the label 255"],
    ["test_y.bin", new Uint8Array([11]), "test_y.bin: record 0 has the label 10"],
  ];
  for (const [name, bytes, message] of refused) {
    await assertRejects(() => load({ [name]: bytes }), InputError, message);
  }
});
