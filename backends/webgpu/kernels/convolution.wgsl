// Whether a pixel is inside the image; a negative one is far beyond its end as u32. Conditions in
// unrolled code are joined by `&`: each `&&` is a branch, and SwiftShader takes minutes and
// gigabytes to compile a hundred of them.
fn isInside(y: i32, x: i32) -> bool {
  return (u32(y) < SOURCE_HEIGHT) & (u32(x) < SOURCE_WIDTH);
}

// The first vector of a pixel.
fn sourcePixel(image: u32, y: i32, x: i32) -> u32 {
  return ((image * SOURCE_HEIGHT + u32(y)) * SOURCE_WIDTH + u32(x)) * SOURCE_VECTORS;
}

// The row or column of the input that a tap of an output reads.
fn inputRow(row: u32, tap: u32) -> i32 {
  return borderAt(i32(row) * STRIDE_Y - PADDING_Y + i32(tap) * DILATION_Y, SOURCE_HEIGHT);
}

fn inputColumn(column: u32, tap: u32) -> i32 {
  return borderAt(i32(column) * STRIDE_X - PADDING_X + i32(tap) * DILATION_X, SOURCE_WIDTH);
}
