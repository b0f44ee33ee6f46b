import { assertEquals } from "@std/assert";
import { formatNumber, formatShortShare } from "../../../pages/kit/numbers.ts";
import { smoothed } from "../../../pages/kit/smoothing.ts";

Deno.test("numbers are rounded and shortened", () => {
  const shown: [number, string][] = [
    [0, "0"],
    [1.23456, "1.235"],
    [-0.5, "-0.5"],
    [123456.7, "123,457"],
    [0.00001234, "1.23e-5"],
    [1e-6, "1e-6"],
    [NaN, "–"],
    [Infinity, "–"],
  ];
  for (const [value, text] of shown) assertEquals(formatNumber(value), text);
  assertEquals([0.4, 0.975, 1].map(formatShortShare), ["40 %", "97.5 %", "100 %"]);
});

Deno.test("smoothing starts at the first value and skips missing ones", () => {
  assertEquals(smoothed([4, null, 1], 0), [4, null, 1]);
  // Weights 1 and 2.
  assertEquals(smoothed([4, null, 1], 0.5), [4, null, 2]);
});
