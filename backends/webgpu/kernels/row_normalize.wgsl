fn computeRow(row: u32, thread: u32) {
  let moments = momentsOf(row, thread);
  // Zeros follow the last number.
  for (var c = thread; c < STEP; c += THREADS) {
    let place = row * STEP + c;
    storeY(place, select(0.0f, distance(place, moments) * moments.stretch, c < CLASSES));
  }
}
