import { assertEquals } from "@std/assert";
import { Sparkline } from "../../reporting/sparkline.ts";

function drawn(values: readonly number[], width = 8): string {
  const curve = new Sparkline(width);
  for (const value of values) curve.add(value);
  return String(curve);
}

Deno.test("the lowest and highest values are the lowest and highest blocks", () => {
  assertEquals(drawn([0, 1, 2, 3, 4, 5, 6, 7]), "▁▂▃▄▅▆▇█");
  assertEquals(drawn([70, 0]), "█▁");
});

Deno.test("few values give a short curve, none an empty one", () => {
  assertEquals(drawn([]), "");
  assertEquals(drawn([3]), "▁");
  assertEquals(drawn([3, 3]), "▁▁");
});

Deno.test("many values are averaged to fit the width", () => {
  for (let count = 1; count < 300; count++) {
    const values = Array.from({ length: count }, (_, i) => i);
    const curve = drawn(values);
    assertEquals(curve.length <= 8 && curve.length >= Math.min(count, 4), true, `${count}`);
    assertEquals([...curve].toSorted().join(""), curve);
  }
  assertEquals(drawn(Array.from({ length: 64 }, (_, i) => i % 2)), "▁".repeat(8));
});

Deno.test("values that are not finite are skipped", () => {
  assertEquals(drawn([1, NaN, Infinity, 2]), "▁█");
});
