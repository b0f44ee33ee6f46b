import { assertEquals, assertThrows } from "@std/assert";
import { emptySplit } from "../../datasets/dataset.ts";
import { chooseSplits, slice } from "../../datasets/split.ts";
import { InputError } from "../../errors.ts";

function numbered(count: number, from: number) {
  const split = emptySplit(count, { height: 1, width: 2, channels: 1 });
  for (let i = 0; i < count; i++) {
    split.images.fill(from + i, 2 * i, 2 * i + 2);
    split.labels[i] = from + i;
  }
  return split;
}

const dataset = { train: numbered(10, 0), test: numbered(4, 50) };

Deno.test("validation is the test split by default", () => {
  const { train, validation } = chooseSplits(dataset);
  assertEquals([train.count, validation.count], [10, 4]);
  assertEquals(validation.labels[0], 50);
});

Deno.test("the last or first training images can be held out", () => {
  const last = chooseSplits(dataset, { validation: { from: "train", count: 3 } });
  assertEquals([...last.validation.labels], [7, 8, 9]);
  assertEquals([...last.validation.images], [7, 7, 8, 8, 9, 9]);
  assertEquals(last.train.count, 7);
  const first = chooseSplits(dataset, { validation: { from: "train", count: 3, part: "first" } });
  assertEquals([...first.validation.labels], [0, 1, 2]);
  assertEquals(first.train.labels[0], 3);
});

Deno.test("limits take the first images that are left", () => {
  const { train, validation } = chooseSplits(dataset, {
    validation: { from: "train", count: 3, part: "first" },
    trainLimit: 2,
    validationLimit: 1,
  });
  assertEquals([...train.labels], [3, 4]);
  assertEquals([...validation.labels], [0]);
});

Deno.test("slices share memory and refuse images that are not there", () => {
  assertEquals(slice(dataset.train, 2, 4).images.buffer, dataset.train.images.buffer);
  assertThrows(() => slice(dataset.train, 0, 11), InputError, "the split has 10");
  assertThrows(() => slice(dataset.train, 3, 3), InputError, "at least one");
  for (const count of [0, 10, 1.5]) {
    assertThrows(
      () => chooseSplits(dataset, { validation: { from: "train", count } }),
      InputError,
      "validation.count",
    );
  }
});
