fn item(i: u32) {
  let o = min(i % OUT_PADDED, OUT_CHANNELS - 1);
  let ox = i / OUT_PADDED % OUT_X;
  let oy = i / (OUT_PADDED * OUT_X) % OUT_Y;
  let image = i / (OUT_PADDED * OUT_X * OUT_Y);
  let firstChannel = o / GROUP_OUT * GROUP_IN;
  var sum = startOf(o);
  for (var ky = 0u; ky < KERNEL_Y; ky++) {
    for (var kx = 0u; kx < KERNEL_X; kx++) {
      let y = inputRow(oy, ky);
      let x = inputColumn(ox, kx);
      if (isInside(y, x)) {
        let pixel = sourcePixel(image, y, x) + firstChannel;
        for (var c = 0u; c < GROUP_IN; c++) {
          let kernelRow = ((o * GROUP_IN + c) * KERNEL_Y + ky) * KERNEL_X;
          sum += source(pixel + c) * weight(kernelRow + kx);
        }
      }
    }
  }
  storeOutput(i, sum);
}
