// Visits every output whose window contains a pixel of the image.
fn item(i: u32) {
  let pixel = pixelOf(i);
  var state = State();
  for (var ky = 0; ky < KERNEL_Y; ky++) {
    let strideRows = pixel.y + PADDING_Y - ky * DILATION_Y;
    let row = strideRows / STRIDE_Y;
    if (strideRows < 0 || strideRows % STRIDE_Y != 0 || row >= OTHER_HEIGHT) { continue; }
    for (var kx = 0; kx < KERNEL_X; kx++) {
      let strideColumns = pixel.x + PADDING_X - kx * DILATION_X;
      let column = strideColumns / STRIDE_X;
      if (strideColumns < 0 || strideColumns % STRIDE_X != 0 || column >= OTHER_WIDTH) { continue; }
      state = visit(state, pixel, row, column);
    }
  }
  finish(i, pixel, state);
}
