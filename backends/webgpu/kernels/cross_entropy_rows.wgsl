fn computeGroup(group: vec3<u32>, thread: u32) {
  // The losses and their amounts.
  var sums = vec2<f32>();
  for (var row = thread; row < ROWS; row += THREADS) {
    sums += vec2<f32>(losses(row), amount(row));
  }
  sums = total(thread, sums);
  if (thread == 0) { storeResult(0, select(sums.x, sums.x / sums.y, IS_MEAN)); }
}
