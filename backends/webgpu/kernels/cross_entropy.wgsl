fn computeRow(row: u32, thread: u32) {
  let sums = exponentials(row, thread);
  let logTotal = log(sums.total);
  var loss = 0.0f;
  for (var c = thread; c < CLASSES; c += THREADS) {
    loss += probability(row, c) * (logTotal - (logits(row * CLASSES + c) - sums.most));
  }
  loss = lossSum(thread, loss);
  if (thread == 0) { storeLosses(row, select(0.0f, loss, counts(row))); }
}
