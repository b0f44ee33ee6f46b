fn computeRow(row: u32, thread: u32) {
  let sums = exponentials(row, thread);
  for (var c = thread; c < CLASSES; c += THREADS) {
    let place = row * CLASSES + c;
    let logit = logits(place) - sums.most;
    if (IS_LOG) {
      storeResult(place, logit - log(sums.total));
    } else {
      storeResult(place, exp(logit) / sums.total);
    }
  }
}
