@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  // The losses and how much they count.
  var sums = vec2<f32>();
  for (var row = thread; row < ROWS; row += THREADS) {
    sums += vec2<f32>(losses(row), amount(row));
  }
  sums = total(thread, sums);
  if (thread == 0) { storeResult(0, select(sums.x, sums.x / sums.y, IS_MEAN)); }
}
