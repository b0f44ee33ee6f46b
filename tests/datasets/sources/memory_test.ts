import { assertEquals, assertThrows } from "@std/assert";
import { multiHot, readImages } from "../../../datasets/image_source.ts";
import { MemorySource } from "../../../datasets/sources/memory.ts";
import { openSource } from "../../../datasets/sources/registry.ts";
import { InputError } from "../../../errors.ts";
import { numberedImages } from "../../support/images.ts";

const shape = { height: 1, width: 2, channels: 1 };
const source = numberedImages(10, shape);

Deno.test("slices share memory and reject invalid ranges", () => {
  const slice = source.slice(2, 4);
  assertEquals([slice.count, [...slice.images]], [2, [2, 2, 3, 3]]);
  assertEquals([...slice.targets.labels.data], [2, 3]);
  assertEquals(slice.images.buffer, source.images.buffer);
  assertThrows(() => source.slice(0, 11), InputError, "within 0 to 10");
  assertThrows(() => source.slice(3, 3), InputError, "at least one");
});

Deno.test("targets of several numbers are sliced by image", () => {
  const targets = { ...multiHot(3), data: new Float32Array(new SharedArrayBuffer(24)) };
  targets.data.set([0, 0, 1, 1, 1, 0]);
  const images = new Uint8Array(new SharedArrayBuffer(4));
  const both = new MemorySource({ images, shape, targets: { targets } });
  assertEquals([...both.slice(1, 2).targets.targets.data], [1, 1, 0]);
  const short = { ...targets, data: targets.data.subarray(1) };
  assertThrows(
    () => new MemorySource({ images, shape, targets: { targets: short } }),
    InputError,
    "targets has 5 numbers",
  );
  assertThrows(
    () => new MemorySource({ images: images.subarray(1), shape, targets: {} }),
    InputError,
    "the images have 3 bytes; expected a multiple of 2",
  );
});

Deno.test("a source opened from its handle gives the same images", async () => {
  const slice = source.slice(3, 6);
  const again = await openSource(structuredClone(slice.handle));
  assertEquals(await readImages(again), await readImages(slice));
  assertEquals(await readImages(again, 2), new Uint8Array([3, 3, 4, 4]));
  assertEquals(again.targets, slice.targets);
});
