/**
 * The exponential moving average of numbers, bias-corrected like Adam's moments, so that the first value
 * is unchanged.
 *
 * @param factor weight of the previous average, from 0, which changes nothing, to below 1
 */
export function smoothed(
  values: readonly (number | null)[],
  factor: number,
): (number | null)[] {
  let [mean, weight] = [0, 0];
  return values.map((value) => {
    if (value === null) return null;
    mean = factor * mean + (1 - factor) * value;
    weight = factor * weight + (1 - factor);
    return mean / weight;
  });
}
