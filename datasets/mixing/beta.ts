/** Numbers from a symmetric beta distribution, the weights of mixup and CutMix. */
import type { RandomStream } from "../../graph/random.ts";

/** A number from 0 to 1 of the distribution Beta(alpha, alpha). */
export function drawBeta(alpha: number, random: RandomStream): number {
  // In logarithms: for a small alpha the gamma variates themselves would underflow to 0.
  const [a, b] = [logGamma(alpha, random), logGamma(alpha, random)];
  return 1 / (1 + Math.exp(b - a));
}

/**
 * The logarithm of a variate of the distribution Gamma(alpha, 1) (G. Marsaglia and W. W. Tsang, "A
 * simple method for generating gamma variables", 2000).
 */
function logGamma(alpha: number, random: RandomStream): number {
  if (alpha < 1) return logGamma(alpha + 1, random) + Math.log(positive(random)) / alpha;
  const d = alpha - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  while (true) {
    const x = random.normal();
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    if (Math.log(positive(random)) < x * x / 2 + d - d * v + d * Math.log(v)) {
      return Math.log(d * v);
    }
  }
}

/** Uniform in (0, 1]. */
function positive(random: RandomStream): number {
  return 1 - random.uniform();
}
