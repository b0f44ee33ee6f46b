@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let row = rowOf(group);
  let sums = exponentials(row, thread);
  for (var c = thread; c < CLASSES; c += THREADS) {
    let place = row * CLASSES + c;
    storeResult(place, result(logits(place), sums));
  }
}
