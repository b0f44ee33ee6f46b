import { assertEquals } from "@std/assert";
import { median } from "../../reporting/statistics.ts";

Deno.test("the median is the middle value, or the upper of two", () => {
  assertEquals(median([5]), 5);
  assertEquals(median([9, 1, 4]), 4);
  assertEquals(median([10, 2, 8, 4]), 8);
});
