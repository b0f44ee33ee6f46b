import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { ImageSource } from "../../datasets/image_source.ts";
import { readImages } from "../../datasets/image_source.ts";
import { openDataset } from "../../datasets/open.ts";
import { firstOf } from "../../datasets/split.ts";
import { InputError } from "../../errors.ts";
import { numberedImages } from "../support/images.ts";

const labelsOf = ({ targets }: ImageSource) => [...targets.labels.data];

Deno.test("the last training images can be held out", async () => {
  const open = (heldOut?: number) =>
    openDataset({ name: "synthetic", imageSize: 8, trainCount: 10, testCount: 4 }, { heldOut });
  const [all, { info, load }] = [await (await open()).load(), await open(3)];
  const { train, test } = await load();
  assertEquals(info.sizes, { train: 7, test: 3 });
  assertEquals([...labelsOf(train), ...labelsOf(test)], labelsOf(all.train));
  assertEquals(await readImages(test), await readImages(all.train.slice(7, 10)));
  for (const count of [0, 10, 1.5]) {
    const error = await assertRejects(() => open(count), InputError, "images remain for training");
    assertEquals(error.at, ["heldOut"]);
  }
});

Deno.test("firstOf limits a source to its first images", () => {
  const source = numberedImages(10, { height: 1, width: 2, channels: 1 });
  assertEquals(labelsOf(firstOf(source, 2)), [0, 1]);
  assertEquals(firstOf(source).count, 10);
  assertThrows(() => firstOf(source, 11), InputError, "expected at most 10");
});
