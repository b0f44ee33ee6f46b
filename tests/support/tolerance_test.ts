import { assertEquals, assertThrows } from "@std/assert";
import { assertWithin, deviation } from "./tolerance.ts";

Deno.test("deviations are relative to the expected tensor's largest magnitude", () => {
  const { absolute, relative, detail } = deviation([1, 2.5, -10], [1, 2, -10]);
  assertEquals([absolute, relative], [0.5, 0.05]);
  assertEquals(detail, "at 1: 2.5 instead of 2");
  assertEquals(deviation([0.25], [0]).relative, 0.25);
  assertEquals(deviation([-0], [0]).relative, 0);
});

Deno.test("NaN, infinities and missing numbers are infinite deviations", () => {
  assertEquals(deviation([1, NaN, 3], [1, 2, 4]).relative, Infinity);
  assertEquals(deviation([1, 2], [1, NaN]).relative, Infinity);
  assertEquals(deviation([Infinity], [1]).relative, Infinity);
  assertEquals(deviation([1], [1, 2]).relative, Infinity);
  assertEquals(deviation([NaN, Infinity], [NaN, Infinity]).relative, 0);
});

Deno.test("the error names each tensor that deviates, and by how much", () => {
  const near = { name: "y", ...deviation([1.001], [1]) };
  const far = { name: "dx", ...deviation([2], [1]) };
  assertWithin([near], 0.01);
  assertWithin([{ ...far, tolerance: 1 }], 0.01);
  assertThrows(
    () => assertWithin([near, far], 0.01),
    Error,
    "1 of 2 tensors differ:\n  dx: 1.00e+0",
  );
  assertThrows(() => assertWithin([{ ...near, tolerance: 0 }], 1), Error, "y:");
});
