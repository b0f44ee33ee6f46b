import { assertEquals, assertThrows } from "@std/assert";
import type { ImageSource } from "../../datasets/image_source.ts";
import { readImages } from "../../datasets/image_source.ts";
import { firstOf, holdOut } from "../../datasets/split.ts";
import { InputError } from "../../errors.ts";
import { numberedImages } from "../support/images.ts";

const source = numberedImages(10, { height: 1, width: 2, channels: 1 });
const labelsOf = ({ targets }: ImageSource) => [...targets.labels.data];

Deno.test("the last training images can be held out", async () => {
  const { train, validation } = holdOut(source, 3);
  assertEquals(labelsOf(validation), [7, 8, 9]);
  assertEquals([...await readImages(validation)], [7, 7, 8, 8, 9, 9]);
  assertEquals(labelsOf(train), [0, 1, 2, 3, 4, 5, 6]);
  for (const count of [0, 10, 1.5]) {
    assertThrows(() => holdOut(source, count), InputError, "left to train on");
  }
});

Deno.test("a limit takes the first images", () => {
  assertEquals(labelsOf(firstOf(source, 2)), [0, 1]);
  assertEquals(firstOf(source).count, 10);
  assertThrows(() => firstOf(source, 11), InputError, "expected at most 10");
});
