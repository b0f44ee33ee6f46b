/** Exact tests of whether differences are above 0 as often as below: sign and signed-rank tests. */

import { sum } from "../reporting/statistics.ts";

/** Wilcoxon's signed-rank test (1945). */
export interface SignedRankTest {
  /** Differences that are not 0; others are dropped. */
  readonly count: number;
  /** Sums of the ranks of positive and of negative differences. */
  readonly positiveRanks: number;
  readonly negativeRanks: number;
  /** Two-sided, over all combinations of signs; null without differences. */
  readonly p: number | null;
}

/** The sign test. */
export interface SignTest {
  readonly positive: number;
  readonly negative: number;
  readonly zero: number;
  /** Two-sided; null without differences. */
  readonly p: number | null;
}

/** Ranks differences by size; equal sizes share their ranks. */
export function signedRankTest(differences: readonly number[]): SignedRankTest {
  const found = differences.filter((difference) => difference !== 0);
  const sizes = found.map(Math.abs).toSorted((a, b) => a - b);
  const ranks = found.map((difference) => {
    const size = Math.abs(difference);
    return (sizes.indexOf(size) + sizes.lastIndexOf(size)) / 2 + 1;
  });
  const positiveRanks = sum(ranks.filter((_, i) => found[i] > 0));
  return {
    count: found.length,
    positiveRanks,
    negativeRanks: sum(ranks) - positiveRanks,
    p: signP(ranks, positiveRanks),
  };
}

/** Counts signs. */
export function signTest(differences: readonly number[]): SignTest {
  const positive = differences.filter((difference) => difference > 0).length;
  const negative = differences.filter((difference) => difference < 0).length;
  return {
    positive,
    negative,
    zero: differences.length - positive - negative,
    p: signP(Array(positive + negative).fill(1), positive),
  };
}

/**
 * The probability that, if each weight gets a random sign, the sum of the positive ones is at least as
 * far from the middle. Weights are multiples of 1/2.
 */
function signP(weights: readonly number[], positive: number): number | null {
  if (weights.length === 0) return null;
  // By twice the sum: the share of all combinations of signs.
  let shares = [1];
  for (const weight of weights) {
    const step = 2 * weight;
    shares = Array.from(
      { length: shares.length + step },
      (_, i) => ((shares[i] ?? 0) + (shares[i - step] ?? 0)) / 2,
    );
  }
  const middle = (shares.length - 1) / 2;
  const distance = Math.abs(2 * positive - middle);
  return Math.min(1, sum(shares.filter((_, i) => Math.abs(i - middle) >= distance)));
}
