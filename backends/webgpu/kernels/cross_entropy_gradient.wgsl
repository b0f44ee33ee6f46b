fn computeRow(row: u32, thread: u32) {
  let exps = exponentials(row, thread);
  // x: the total amount of all rows; y: the sum of the row's target probabilities.
  var sums = vec2<f32>();
  for (var other = thread; other < ROWS; other += THREADS) {
    sums.x += amount(other);
  }
  for (var c = thread; c < CLASSES; c += THREADS) {
    sums.y += probability(row, c);
  }
  sums = sumsOver(thread, sums);
  var scale = dLoss(select(0, row, IS_EACH));
  if (IS_MEAN) { scale /= sums.x; }
  let isCounted = counts(row);
  for (var c = thread; c < CLASSES; c += THREADS) {
    let place = row * CLASSES + c;
    let softmax = sums.y * exp(logits(place) - exps.most) / exps.total;
    let value = scale * (softmax - probability(row, c));
    storeResult(place, select(0.0f, value, isCounted));
  }
}
