// Four channels of a pixel of a line of the source; zero outside the image.
fn loadSource(line: i32, y: i32, column: i32, vector: u32) -> vec4<f32> {
  let x = borderAt(column, SOURCE_WIDTH);
  let place = (line + clamp(x, 0, SOURCE_WIDTH - 1)) * SOURCE_VECTORS + i32(vector);
  return select(vec4<f32>(), source(u32(place)), isInside(y, x));
}

// Four channels of a run of pixels of a row.
fn item(i: u32) {
  let vector = i % SOURCE_VECTORS;
  let firstColumn = i32(i / SOURCE_VECTORS % RUNS) * RUN;
  let row = i32(i / (SOURCE_VECTORS * RUNS) % POSITIONS_Y);
  let image = i32(i / (SOURCE_VECTORS * RUNS * POSITIONS_Y));
  let firstX = firstColumn * POSITION_STEP_X + FIRST_SOURCE_X;
  var start = vec4<f32>();
  if (HAS_BIAS) { start = biasOf(vector * 4); }
  var sums = startSums(start);
  for (var tap = 0; tap < select(0, TAPS_Y, TAPS_X > 0); tap++) {
    let y = borderAt(row * POSITION_STEP_Y + FIRST_SOURCE_Y + tap * TAP_STEP_Y, SOURCE_HEIGHT);
    let line = (image * SOURCE_HEIGHT + clamp(y, 0, SOURCE_HEIGHT - 1)) * SOURCE_WIDTH;
    let kernelRow = u32(FIRST_TAP_Y + tap * KERNEL_STEP_Y);
    let kernel = kernelRow * (KERNEL_WIDTH * SOURCE_VECTORS) + vector;
    addTaps(&sums, line, y, firstX, vector, kernel);
  }
  let resultRow = image * RESULT_HEIGHT + FIRST_RESULT_Y + row * RESULT_STEP_Y;
  let pixel = resultRow * RESULT_WIDTH + FIRST_RESULT_X + firstColumn * RESULT_STEP_X;
  storeSums(&sums, u32(pixel) * SOURCE_VECTORS + vector, firstColumn);
}
