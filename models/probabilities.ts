/** From a classifier's logits to what a person reads. */

/** The probabilities that logits stand for: their softmax. */
export function probabilitiesOf(logits: Float32Array): number[] {
  const largest = logits.reduce((most, value) => Math.max(most, value), -Infinity);
  const powers = Array.from(logits, (value) => Math.exp(value - largest));
  const total = powers.reduce((sum, value) => sum + value, 0);
  return powers.map((value) => value / total);
}
