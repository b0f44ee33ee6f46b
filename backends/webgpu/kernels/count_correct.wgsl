// Whether the label's logit is among the K largest of a row; if K is 1, the first of equals is.
fn isCorrect(row: u32) -> bool {
  let label = labels(row);
  if (K == 1) {
    var best = 0u;
    for (var c = 1u; c < CLASSES; c++) {
      if (logits(row * CLASSES + c) > logits(row * CLASSES + best)) { best = c; }
    }
    return i32(best) == label;
  }
  let own = logits(row * CLASSES + u32(clamp(label, 0, CLASSES - 1)));
  var rank = 0u;
  for (var c = 0u; c < CLASSES; c++) {
    if (!(logits(row * CLASSES + c) <= own)) { rank++; }
  }
  return label >= 0 && label < CLASSES && rank < K;
}

fn computeGroup(group: vec3<u32>, thread: u32) {
  var count = 0.0f;
  for (var row = thread; row < ROWS; row += THREADS) {
    if (isCorrect(row)) { count += 1.0f; }
  }
  count = total(thread, count);
  if (thread == 0) { storeResult(0, count); }
}
