import { assert } from "@std/assert";
import { drawBeta } from "../../../datasets/mixing/beta.ts";
import { RandomStream } from "../../../graph/random.ts";

const DRAWS = 20_000;

const draws = (alpha: number) => {
  const random = new RandomStream({ seed: 4, stream: 0 });
  return Float64Array.from({ length: DRAWS }, () => drawBeta(alpha, random)).sort();
};

/** Distribution functions in closed form. */
const DISTRIBUTIONS: readonly [alpha: number, (x: number) => number][] = [
  [0.5, (x) => 2 / Math.PI * Math.asin(Math.sqrt(x))],
  [1, (x) => x],
  [2, (x) => 3 * x ** 2 - 2 * x ** 3],
  [3, (x) => 10 * x ** 3 - 15 * x ** 4 + 6 * x ** 5],
];
for (const [alpha, distribution] of DISTRIBUTIONS) {
  Deno.test(`shares follow Beta(${alpha}, ${alpha})`, () => {
    // The Kolmogorov–Smirnov distance exceeds 1.95 / √n in one of a thousand sets of draws.
    const distance = draws(alpha).reduce(
      (most, x, i) => Math.max(most, Math.abs(distribution(x) - (i + 0.5) / DRAWS)),
      0,
    );
    assert(distance < 1.95 / Math.sqrt(DRAWS), `${distance}`);
  });
}

Deno.test("a tiny alpha gives shares of almost 0 or 1", () => {
  const shares = draws(1e-6);
  assert(shares.every((share) => share < 1e-9 || share > 1 - 1e-9));
  const own = shares.filter((share) => share > 0.5).length / DRAWS;
  assert(Math.abs(own - 0.5) < 0.02, `${own}`);
});
