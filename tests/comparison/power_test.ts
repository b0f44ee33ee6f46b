import { assertAlmostEquals, assertEquals } from "@std/assert";
import { pairsNeeded, powerOf } from "../../comparison/power.ts";

/** From scipy 1.17's noncentral t. */
const POWERS = [
  [0.5, 10, 0.2931756065140767],
  [1, 5, 0.40138991737179486],
  [-2, 3, 0.47074943127843466],
  [3, 2, 0.26077071422910936],
  [0.1, 200, 0.2906576176614804],
  [0.05, 5, 0.05088806555718047],
] as const;

for (const [effect, pairs, power] of POWERS) {
  Deno.test(`the power of ${pairs} pairs to detect an effect of ${effect} matches scipy's`, () => {
    assertAlmostEquals(powerOf(effect, pairs), power, 1e-5);
  });
}

Deno.test("pairsNeeded is the smallest number with enough power", () => {
  const needed = [
    [0.1, 787],
    [0.2, 199],
    [0.3, 90],
    [0.5, 34],
    [0.8, 15],
    [1, 10],
    [1.5, 6],
    [
      2,
      5,
    ],
    [3, 4],
    [4, 3],
    [5, 3],
  ];
  assertEquals(needed.map(([effect]) => [effect, pairsNeeded(effect)]), needed);
  assertEquals(pairsNeeded(0.001), null);
  assertEquals(pairsNeeded(0), null);
});
