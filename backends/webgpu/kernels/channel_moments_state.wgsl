// The mean relative to the tensor's first pixel, and the sum of squared deviations from it.
struct State { mean: T, deviation: T, count: f32 }

fn combine(a: State, b: State) -> State {
  let count = a.count + b.count;
  let share = b.count / max(count, 1.0f);
  let deviation = a.deviation + b.deviation +
    (b.mean - a.mean) * (b.mean - a.mean) * (a.count * share);
  return State(a.mean + (b.mean - a.mean) * share, deviation, count);
}
