import { assertEquals, assertThrows } from "@std/assert";
import { emptySplit } from "../../datasets/dataset.ts";
import { firstOf, holdOut, slice } from "../../datasets/split.ts";
import { InputError } from "../../errors.ts";

function numbered(count: number, from: number) {
  const split = emptySplit(count, { height: 1, width: 2, channels: 1 });
  for (let i = 0; i < count; i++) {
    split.images.fill(from + i, 2 * i, 2 * i + 2);
    split.labels[i] = from + i;
  }
  return split;
}

const split = numbered(10, 0);

Deno.test("the last training images can be held out", () => {
  const { train, validation } = holdOut(split, 3);
  assertEquals([...validation.labels], [7, 8, 9]);
  assertEquals([...validation.images], [7, 7, 8, 8, 9, 9]);
  assertEquals([...train.labels], [0, 1, 2, 3, 4, 5, 6]);
  for (const count of [0, 10, 1.5]) {
    assertThrows(() => holdOut(split, count), InputError, "left to train on");
  }
});

Deno.test("a limit takes the first images", () => {
  assertEquals([...firstOf(split, 2).labels], [0, 1]);
  assertEquals(firstOf(split).count, 10);
  assertThrows(() => firstOf(split, 11), InputError, "expected at most 10");
});

Deno.test("slices share memory and refuse images that are not there", () => {
  assertEquals(slice(split, 2, 4).images.buffer, split.images.buffer);
  assertThrows(() => slice(split, 0, 11), InputError, "the split has 10");
  assertThrows(() => slice(split, 3, 3), InputError, "at least one");
});
