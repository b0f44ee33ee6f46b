fn classWeight(c: u32) -> f32 {
  if (HAS_WEIGHTS) { return weights(c); }
  return 1.0f;
}

// The smoothed probability of a class, times the class's weight.
fn probability(row: u32, c: u32) -> f32 {
  var probability = certainty(row, c);
  if (IS_SMOOTHED) { probability = KEPT * probability + SPREAD; }
  if (HAS_WEIGHTS) { probability = weights(c) * probability; }
  return probability;
}
