const CHANNELS = 4 * RESULT_VECTORS;

fn item(i: u32) {
  let c = min(i % CHANNELS, GROUPS * GROUP_IN - 1);
  let column = i32(i / CHANNELS % RESULT_WIDTH);
  let row = i32(i / (CHANNELS * RESULT_WIDTH) % RESULT_HEIGHT);
  let image = i / (CHANNELS * RESULT_WIDTH * RESULT_HEIGHT);
  let firstOutput = c / GROUP_IN * GROUP_OUT;
  var sum = 0.0f;
  for (var ky = 0; ky < KERNEL_HEIGHT; ky++) {
    let strideRows = row + PADDING_Y - ky * DILATION_Y;
    for (var kx = 0; kx < KERNEL_WIDTH; kx++) {
      let strideColumns = column + PADDING_X - kx * DILATION_X;
      let y = strideRows / STRIDE_Y;
      let x = strideColumns / STRIDE_X;
      let isRow = (strideRows >= 0) & (strideRows % STRIDE_Y == 0);
      let isColumn = (strideColumns >= 0) & (strideColumns % STRIDE_X == 0);
      if (isRow & isColumn & isInside(y, x)) {
        let pixel = 4 * sourcePixel(image, y, x);
        for (var o = firstOutput; o < firstOutput + GROUP_OUT; o++) {
          let weightRow = (o * GROUP_IN + c % GROUP_IN) * KERNEL_HEIGHT + u32(ky);
          sum += source(pixel + o) * weight(weightRow * KERNEL_WIDTH + u32(kx));
        }
      }
    }
  }
  storeResult(i, sum);
}
