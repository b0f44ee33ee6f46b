struct Exponentials { most: f32, total: f32 }

fn exponentials(row: u32, thread: u32) -> Exponentials {
  var most = logits(row * CLASSES + min(thread, CLASSES - 1));
  for (var c = thread; c < CLASSES; c += THREADS) {
    most = max(most, logits(row * CLASSES + c));
  }
  most = largest(thread, most);
  var sum = 0.0f;
  for (var c = thread; c < CLASSES; c += THREADS) {
    sum += exp(logits(row * CLASSES + c) - most);
  }
  return Exponentials(most, total(thread, sum));
}
