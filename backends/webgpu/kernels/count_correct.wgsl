@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  var count = 0.0f;
  for (var row = thread; row < ROWS; row += THREADS) {
    if (isCorrect(row)) { count += 1.0f; }
  }
  count = total(thread, count);
  if (thread == 0) { storeResult(0, count); }
}
