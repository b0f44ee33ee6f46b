// The row or column of the input that a tap of an output reads.
fn inputRow(oy: u32, ky: u32) -> i32 {
  return borderAt(i32(oy) * STRIDE_Y - PADDING_Y + i32(ky) * DILATION_Y, SOURCE_HEIGHT);
}

fn inputColumn(ox: u32, kx: u32) -> i32 {
  return borderAt(i32(ox) * STRIDE_X - PADDING_X + i32(kx) * DILATION_X, SOURCE_WIDTH);
}
