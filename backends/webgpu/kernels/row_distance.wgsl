// Mean, relative to the first number, and inverse standard deviation of a row.
struct Moments { origin: f32, centre: f32, stretch: f32 }

fn distance(place: u32, row: Moments) -> f32 {
  return (x(place) - row.origin) - row.centre;
}

fn momentsOf(row: u32, thread: u32) -> Moments {
  let first = row * STEP;
  // Relative to the first number, so that an offset common to all costs no precision.
  var moments = Moments(x(first), 0.0f, 0.0f);
  var sum = 0.0f;
  for (var c = thread; c < CLASSES; c += THREADS) {
    sum += x(first + c) - moments.origin;
  }
  moments.centre = centreSum(thread, sum) * SHARE;
  var squares = 0.0f;
  for (var c = thread; c < CLASSES; c += THREADS) {
    let d = distance(first + c, moments);
    squares += d * d;
  }
  moments.stretch = 1.0f / sqrt(varianceSum(thread, squares) * SHARE + EPS);
  return moments;
}
