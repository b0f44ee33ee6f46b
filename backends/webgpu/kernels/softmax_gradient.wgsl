fn computeRow(row: u32, thread: u32) {
  var sum = 0.0f;
  for (var place = row * CLASSES + thread; place < (row + 1) * CLASSES; place += THREADS) {
    if (IS_LOG) { sum += dy(place); } else { sum += dy(place) * y(place); }
  }
  sum = total(thread, sum);
  for (var place = row * CLASSES + thread; place < (row + 1) * CLASSES; place += THREADS) {
    if (IS_LOG) {
      storeDx(place, dy(place) - exp(y(place)) * sum);
    } else {
      storeDx(place, y(place) * (dy(place) - sum));
    }
  }
}
