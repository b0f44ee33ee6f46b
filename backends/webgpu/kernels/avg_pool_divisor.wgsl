// The pixels of an output's window that count: those in the image and, if the padding counts, those
// in the margin.
fn divisor(y: i32, x: i32) -> f32 {
  if (HAS_DIVISOR) { return DIVISOR; }
  let firstRow = y * STRIDE_Y - PADDING_Y;
  let firstColumn = x * STRIDE_X - PADDING_X;
  let rows = min(firstRow + KERNEL_Y, END_Y) - max(firstRow, -MARGIN_Y);
  let columns = min(firstColumn + KERNEL_X, END_X) - max(firstColumn, -MARGIN_X);
  return f32(rows * columns);
}
