fn item(i: u32) {
  let c = min(i % IN_PADDED, IN_CHANNELS - 1);
  let ix = i32(i / IN_PADDED % IN_X);
  let iy = i32(i / (IN_PADDED * IN_X) % IN_Y);
  let image = i / (IN_PADDED * IN_X * IN_Y);
  let firstOutput = c / GROUP_IN * GROUP_OUT;
  var sum = 0.0f;
  for (var ky = 0; ky < KERNEL_Y; ky++) {
    let strideRows = iy + PADDING_Y - ky * DILATION_Y;
    for (var kx = 0; kx < KERNEL_X; kx++) {
      let strideColumns = ix + PADDING_X - kx * DILATION_X;
      let y = strideRows / STRIDE_Y;
      let x = strideColumns / STRIDE_X;
      let isRow = (strideRows >= 0) & (strideRows % STRIDE_Y == 0);
      let isColumn = (strideColumns >= 0) & (strideColumns % STRIDE_X == 0);
      if (isRow & isColumn & isInside(y, x)) {
        let pixel = sourcePixel(image, y, x);
        for (var o = firstOutput; o < firstOutput + GROUP_OUT; o++) {
          let weightRow = (o * GROUP_IN + c % GROUP_IN) * KERNEL_Y + u32(ky);
          sum += source(pixel + o) * weight(weightRow * KERNEL_X + u32(kx));
        }
      }
    }
  }
  storeResult(i, sum);
}
