// Visits every pixel of the image that is in the window of an output.
fn item(i: u32) {
  let pixel = pixelOf(i);
  var state = State();
  for (var ky = 0; ky < KERNEL_Y; ky++) {
    let row = pixel.y * STRIDE_Y - PADDING_Y + ky * DILATION_Y;
    if (row < 0 || row >= OTHER_HEIGHT) { continue; }
    for (var kx = 0; kx < KERNEL_X; kx++) {
      let column = pixel.x * STRIDE_X - PADDING_X + kx * DILATION_X;
      if (column < 0 || column >= OTHER_WIDTH) { continue; }
      state = visit(state, pixel, row, column);
    }
  }
  finish(i, pixel, state);
}
