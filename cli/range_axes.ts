/** The axes of a learning-rate range test's plot. */
import type { RangeResult } from "../training/learning_rate_range.ts";

/** The highest loss that is drawn: at most as far above the first as the lowest is below it. */
export function topOf({ points }: Pick<RangeResult, "points">): number {
  const losses = points.map(({ smoothed }) => smoothed);
  const least = Math.min(...losses);
  return Math.min(Math.max(...losses), losses[0] + Math.max(losses[0] - least, losses[0] / 4));
}

/** The powers of ten in the range of rates. */
export function decadesOf({ points }: Pick<RangeResult, "points">): number[] {
  const exponents = points.map(({ learningRate }) => Math.log10(learningRate));
  const first = Math.ceil(exponents[0] - 1e-9);
  const count = Math.floor(exponents[exponents.length - 1] + 1e-9) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, i) => 10 ** (first + i));
}

/** A rate with two digits: `0.063`, `1.0e-5`. */
export function formatRate(rate: number): string {
  const rounded = Number(rate.toPrecision(2));
  return rounded < 1e-3 ? rounded.toExponential() : String(rounded);
}
