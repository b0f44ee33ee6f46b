struct State { most: vec4<f32>, place: vec4<i32>, isBegun: bool }

// By its bits, since drivers may compile comparisons with NaN in any way.
fn isNan(x: vec4<f32>) -> vec4<bool> {
  return (bitcast<vec4<u32>>(x) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u);
}

fn visit(state: State, pixel: Pixel, row: i32, column: i32) -> State {
  let value = input(otherPlace(pixel, row, column));
  let exceeds = (value > state.most) & !isNan(state.most);
  let takes = exceeds | isNan(value) | vec4<bool>(!state.isBegun);
  let place = vec4<i32>(row * OTHER_WIDTH + column);
  return State(select(state.most, value, takes), select(state.place, place, takes), true);
}

fn finish(i: u32, pixel: Pixel, state: State) {
  storeOutput(i, state.most);
  storeIndices(i, state.place);
}
