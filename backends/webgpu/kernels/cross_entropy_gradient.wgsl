@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let row = rowOf(group);
  let exps = exponentials(row, thread);
  // x: how much all rows count; y: the sum of the row's target probabilities.
  var sums = vec2<f32>();
  for (var other = thread; other < ROWS; other += THREADS) {
    sums.x += amount(other);
  }
  for (var c = thread; c < CLASSES; c += THREADS) {
    sums.y += probability(row, c);
  }
  sums = sumsOver(thread, sums);
  let scale = scaleOf(row, sums.x);
  let isCounted = counts(row);
  for (var c = thread; c < CLASSES; c += THREADS) {
    let place = row * CLASSES + c;
    let softmax = sums.y * exp(logits(place) - exps.most) / exps.total;
    let value = scale * (softmax - probability(row, c));
    storeResult(place, select(0.0f, value, isCounted));
  }
}
