@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let end = u32(bounds(2 * group.x + 1));
  var sum = 0.0f;
  for (var i = u32(bounds(2 * group.x)) + thread; i < end; i += THREADS) {
    sum += termOf(source(i));
  }
  sum = total(thread, sum);
  if (thread == 0) { storeResult(group.x, sum); }
}
