import { assertAlmostEquals, assertEquals } from "@std/assert";
import { RandomStream, STREAM } from "../../../graph/random.ts";
import {
  averagePrecision,
  meanAveragePrecision,
} from "../../../training/metrics/average_precision.ts";

/** The definition, image by image: each positive adds the precision at its own score. */
function plainAveragePrecision(scores: readonly number[], targets: readonly number[]): number {
  const positives = scores.filter((_, i) => targets[i] === 1);
  const precisions = positives.map((score) => {
    const decided = scores.filter((other, i) => targets[i] >= 0 && other >= score).length;
    return positives.filter((other) => other >= score).length / decided;
  });
  return precisions.reduce((sum, precision) => sum + precision, 0) / positives.length;
}

Deno.test("average precision agrees with values computed by hand", () => {
  // Ranked: yes (1/1), no, yes (2/3), yes (3/4), no.
  assertAlmostEquals(
    averagePrecision([0.9, 0.1, 0.5, 0.7, 0.6], [1, 0, 1, 0, 1]),
    (1 + 2 / 3 + 3 / 4) / 3,
    1e-15,
  );
  // Two of four share the top score: both positives are reached at precision 1/2 and 2/4.
  assertAlmostEquals(averagePrecision([2, 2, 1, 0], [1, 0, 0, 1]), (1 / 2 + 2 / 4) / 2, 1e-15);
  // All scores equal: the share of positives.
  assertEquals(averagePrecision([0, 0, 0, 0], [0, 1, 0, 0]), 1 / 4);
});

Deno.test("unknown targets are ignored, NaN ranks last, and without positives the result is NaN", () => {
  assertEquals(averagePrecision([5, 4, 3], [-1, 1, 0]), 1);
  assertEquals(averagePrecision([NaN, 1, 0], [1, 0, 0]), 1 / 3);
  assertEquals(averagePrecision([1, 0], [0, 0]), NaN);
  assertEquals(averagePrecision([], []), NaN);
});

Deno.test("average precision agrees with its plain definition, ties and unknown targets included", () => {
  const random = new RandomStream({ seed: 7, stream: STREAM.synthetic });
  for (let trial = 0; trial < 200; trial++) {
    const count = 1 + random.integer(30);
    const levels = 1 + random.integer(20);
    const scores = Array.from({ length: count }, () => random.integer(levels) / 7);
    const targets = Array.from({ length: count }, () => random.integer(3) - 1);
    assertAlmostEquals(
      averagePrecision(scores, targets),
      plainAveragePrecision(scores, targets),
      1e-12,
    );
  }
});

Deno.test("the mean skips classes without a positive image", () => {
  assertEquals(meanAveragePrecision([1, NaN, 0.5]), 0.75);
  assertEquals(meanAveragePrecision([NaN]), NaN);
});
