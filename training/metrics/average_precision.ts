/**
 * The area under the curve of precision over recall, as scikit-learn's `average_precision_score`
 * computes it: `Σ (Rₙ - Rₙ₋₁) · Pₙ` over the distinct scores, the highest first, without
 * interpolation; equal scores are passed at once, so their order does not matter.
 *
 * @param scores one per image; NaN ranks last
 * @param targets positive above ½; images with a negative target are left out
 * @returns 0 to 1; NaN if no image is positive
 */
export function averagePrecision(scores: ArrayLike<number>, targets: ArrayLike<number>): number {
  const known = Array.from(scores, (score, i) => ({
    score: Number.isNaN(score) ? -Infinity : score,
    target: targets[i],
  })).filter(({ target }) => target >= 0).sort((a, b) => b.score - a.score);
  const positives = known.filter(({ target }) => target > 0.5).length;
  let area = 0, right = 0, found = 0;
  known.forEach(({ score, target }, i) => {
    if (target > 0.5) found++;
    if (i + 1 < known.length && known[i + 1].score === score) return;
    area += (found - right) * found / (i + 1);
    right = found;
  });
  return area / positives;
}

/** The mean of the classes' average precisions, without classes that have no positive image. */
export function meanAveragePrecision(precisions: readonly number[]): number {
  const defined = precisions.filter((precision) => !Number.isNaN(precision));
  return defined.reduce((sum, precision) => sum + precision, 0) / defined.length;
}
