// The tensor's first pixel, and the invocation's first pixel relative to it.
struct Base { origin: T, shift: T }

fn begin(lane: u32, pixel: u32) -> Base {
  let origin = x(lane);
  return Base(origin, x(pixel * LANES + lane) - origin);
}

// Until the end `mean` is the sum; all pixels are relative to the invocation's first.
fn add(state: State, base: Base, lane: u32, pixel: u32) -> State {
  let difference = x(pixel * LANES + lane) - base.origin - base.shift;
  return State(
    state.mean + difference,
    state.deviation + difference * difference,
    state.count + 1.0f,
  );
}

fn finish(state: State, base: Base) -> State {
  let mean = state.mean / max(state.count, 1.0f);
  let deviation = state.deviation - state.count * mean * mean;
  // Rounding may leave it below zero; max would lose NaN.
  return State(mean + base.shift, select(deviation, T(), deviation < T()), state.count);
}
