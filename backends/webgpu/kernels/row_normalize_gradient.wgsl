fn computeRow(row: u32, thread: u32) {
  let moments = momentsOf(row, thread);
  var level = 0.0f;
  for (var c = thread; c < CLASSES; c += THREADS) {
    level += dy(row * STEP + c);
  }
  level = levelSum(thread, level) * SHARE;
  var slope = 0.0f;
  for (var c = thread; c < CLASSES; c += THREADS) {
    let place = row * STEP + c;
    slope += dy(place) * distance(place, moments) * moments.stretch;
  }
  slope = slopeSum(thread, slope) * SHARE;
  // Zeros follow the last number.
  for (var c = thread; c < STEP; c += THREADS) {
    let place = row * STEP + c;
    let value = (dy(place) - level - distance(place, moments) * moments.stretch * slope) *
      moments.stretch;
    storeY(place, select(0.0f, value, c < CLASSES));
  }
}
