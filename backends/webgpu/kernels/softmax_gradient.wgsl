@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let row = rowOf(group);
  var sum = 0.0f;
  for (var c = thread; c < CLASSES; c += THREADS) {
    sum += term(row * CLASSES + c);
  }
  sum = total(thread, sum);
  for (var c = thread; c < CLASSES; c += THREADS) {
    let place = row * CLASSES + c;
    storeDx(place, result(place, sum));
  }
}
