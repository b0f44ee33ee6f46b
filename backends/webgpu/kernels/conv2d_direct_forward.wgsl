const CHANNELS = 4 * RESULT_VECTORS;

fn item(i: u32) {
  let o = min(i % CHANNELS, GROUPS * GROUP_OUT - 1);
  let column = i / CHANNELS % RESULT_WIDTH;
  let row = i / (CHANNELS * RESULT_WIDTH) % RESULT_HEIGHT;
  let image = i / (CHANNELS * RESULT_WIDTH * RESULT_HEIGHT);
  let firstChannel = o / GROUP_OUT * GROUP_IN;
  var sum = 0.0f;
  if (HAS_BIAS) { sum = bias(o); }
  for (var ky = 0u; ky < KERNEL_HEIGHT; ky++) {
    for (var kx = 0u; kx < KERNEL_WIDTH; kx++) {
      let y = inputRow(row, ky);
      let x = inputColumn(column, kx);
      if (isInside(y, x)) {
        let pixel = 4 * sourcePixel(image, y, x) + firstChannel;
        for (var c = 0u; c < GROUP_IN; c++) {
          let kernelRow = ((o * GROUP_IN + c) * KERNEL_HEIGHT + ky) * KERNEL_WIDTH;
          sum += source(pixel + c) * weight(kernelRow + kx);
        }
      }
    }
  }
  storeResult(i, sum);
}
