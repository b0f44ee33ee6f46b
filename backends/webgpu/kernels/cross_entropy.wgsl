@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let row = rowOf(group);
  let sums = exponentials(row, thread);
  let logTotal = log(sums.total);
  var loss = 0.0f;
  for (var c = thread; c < CLASSES; c += THREADS) {
    loss += probability(row, c) * (logTotal - (logits(row * CLASSES + c) - sums.most));
  }
  loss = lossSum(thread, loss);
  if (thread == 0) { storeLosses(row, select(0.0f, loss, counts(row))); }
}
