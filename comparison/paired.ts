/** Paired statistics: the effect of a treatment under otherwise equal conditions. */

import { sum } from "../reporting/statistics.ts";
import { LEVEL } from "./power.ts";
import { type SignedRankTest, signedRankTest, type SignTest, signTest } from "./sign_tests.ts";
import { criticalT, twoSidedP } from "./student_t.ts";

/** Mean and standard deviation, with n - 1; null for too few numbers. */
export interface Spread {
  readonly mean: number | null;
  readonly sd: number | null;
}

/** Differences of pairs, and the paired t test of whether their mean is 0. */
interface PairedDifference extends Spread {
  readonly standardError: number | null;
  /** Null if all differences are equal, as are `p` and `effect` then. */
  readonly t: number | null;
  readonly degreesOfFreedom: number;
  /** Two-sided. */
  readonly p: number | null;
  /** Of the mean, 95 %. */
  readonly interval: readonly [low: number, high: number] | null;
  /** d_z: the mean in standard deviations. */
  readonly effect: number | null;
}

/** Results for pairs. */
export interface PairedStatistics {
  /** Number of pairs. */
  readonly pairs: number;
  readonly difference: PairedDifference;
  readonly wilcoxon: SignedRankTest;
  readonly signTest: SignTest;
}

/** Decimals of a difference; further ones are rounding errors, which would break ties. */
const DECIMALS = 10;

/** Compares numbers with those of a baseline, in pairs of equal index. */
export function pairedStatistics(
  baseline: readonly number[],
  treatment: readonly number[],
): PairedStatistics {
  const differences = treatment.map((value, i) => Number((value - baseline[i]).toFixed(DECIMALS)));
  return {
    pairs: differences.length,
    difference: differenceOf(differences),
    wilcoxon: signedRankTest(differences),
    signTest: signTest(differences),
  };
}

/** Mean and standard deviation of numbers. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) return { mean: null, sd: null };
  const mean = sum(values) / values.length;
  if (values.length === 1) return { mean, sd: null };
  // If all numbers are equal, the mean may be off by rounding.
  const isSame = values.every((value) => value === values[0]);
  const squares = isSame ? 0 : sum(values.map((value) => (value - mean) ** 2));
  return { mean, sd: Math.sqrt(squares / (values.length - 1)) };
}

function differenceOf(differences: readonly number[]): PairedDifference {
  const { mean, sd } = spreadOf(differences);
  const degreesOfFreedom = Math.max(0, differences.length - 1);
  if (mean === null || sd === null) {
    const none = { standardError: null, t: null, p: null, interval: null, effect: null };
    return { mean, sd, degreesOfFreedom, ...none };
  }
  const standardError = sd / Math.sqrt(differences.length);
  const reach = standardError * criticalT(LEVEL, degreesOfFreedom);
  const t = sd > 0 ? mean / standardError : null;
  return {
    mean,
    sd,
    standardError,
    t,
    degreesOfFreedom,
    p: t === null ? null : twoSidedP(t, degreesOfFreedom),
    interval: [mean - reach, mean + reach],
    effect: t === null ? null : mean / sd,
  };
}

/** p values corrected for multiple tests by Holm (1979), in their order. */
export function holm(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).toSorted((a, b) => values[a] - values[b]);
  const adjusted: number[] = [];
  let least = 0;
  order.forEach((place, rank) => {
    least = Math.min(1, Math.max(least, (values.length - rank) * values[place]));
    adjusted[place] = least;
  });
  return adjusted;
}
