/** The number of pairs needed to detect an effect. */

import { sum } from "../reporting/statistics.ts";
import { criticalT } from "./student_t.ts";

/** The level of a test, and the wanted probability of detecting an effect. */
export const LEVEL = 0.05;
export const POWER = 0.8;

/** Most pairs considered. */
const MAX_PAIRS = 10_000;
/** Points of integration, and the range in standard deviations. */
const PLACES = 400;
const REACH = 8;

/**
 * The smallest number of pairs with which the two-sided paired t test detects an effect of this size
 * with a probability of {@link POWER}; null for more than 10,000.
 *
 * @param effect d_z: the mean of the differences in units of their standard deviation
 */
export function pairsNeeded(effect: number, level = LEVEL): number | null {
  const suffices = (pairs: number) => powerOf(effect, pairs, level) >= POWER;
  let [few, enough] = [1, 2];
  while (!suffices(enough)) {
    if (enough >= MAX_PAIRS) return null;
    [few, enough] = [enough, Math.min(2 * enough, MAX_PAIRS)];
  }
  while (enough - few > 1) {
    const middle = Math.floor((few + enough) / 2);
    if (suffices(middle)) enough = middle;
    else few = middle;
  }
  return enough;
}

/**
 * The probability that the test detects an effect: that a noncentral t exceeds the critical one. It is
 * the integral over s, the sample standard deviation, of the normal probability that the mean exceeds
 * s times the critical t.
 */
export function powerOf(effect: number, pairs: number, level = LEVEL): number {
  const freedom = pairs - 1;
  const [critical, shift] = [criticalT(level, freedom), effect * Math.sqrt(pairs)];
  const spread = REACH / Math.sqrt(2 * freedom);
  const [low, high] = [Math.max(0, 1 - spread), 1 + spread];
  const places = Array.from({ length: PLACES }, (_, i) => low + (high - low) * (i + 0.5) / PLACES);
  // The density of s up to a factor, which cancels.
  const weights = places.map((s) =>
    Math.exp((freedom - 1) * Math.log(s) - freedom * (s * s - 1) / 2)
  );
  const missed = places.map((s, i) =>
    weights[i] * (normal(critical * s - shift) - normal(-critical * s - shift))
  );
  return 1 - sum(missed) / sum(weights);
}

/** The probability of a standard normal number below x, by Marsaglia's series (2004). */
function normal(x: number): number {
  if (Math.abs(x) > REACH) return x < 0 ? 0 : 1;
  let [total, term] = [x, x];
  for (let i = 3; Math.abs(term) > 1e-17 * Math.abs(total); i += 2) {
    term *= x * x / i;
    total += term;
  }
  return 0.5 + total * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
}
