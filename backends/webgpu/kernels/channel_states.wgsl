// Combines the states that workgroups have stored.
fn countOf(part: u32) -> f32 {
  return f32(min(PART_PIXELS, PIXELS - part * PART_PIXELS));
}

fn begin(lane: u32, part: u32) -> u32 {
  return 0;
}

fn add(state: State, base: u32, lane: u32, part: u32) -> State {
  return combine(state, stateOf(lane, part));
}

fn finish(state: State, base: u32) -> State {
  return state;
}
