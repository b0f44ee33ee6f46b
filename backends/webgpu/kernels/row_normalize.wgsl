@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let row = rowOf(group);
  let moments = momentsOf(row, thread);
  // Behind the last number are zeros.
  for (var c = thread; c < STEP; c += THREADS) {
    let place = row * STEP + c;
    storeY(place, select(0.0f, distance(place, moments) * moments.stretch, c < CLASSES));
  }
}
