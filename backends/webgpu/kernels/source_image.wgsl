// Whether a pixel lies in the image; below 0 is far beyond its end as u32. Conditions of unrolled code
// are joined by `&`: each `&&` is a branch, and SwiftShader takes minutes and gigabytes to compile a
// hundred of them.
fn isInside(y: i32, x: i32) -> bool {
  return (u32(y) < SOURCE_HEIGHT) & (u32(x) < SOURCE_WIDTH);
}

// Where a pixel begins.
fn sourcePixel(image: u32, y: i32, x: i32) -> u32 {
  return ((image * SOURCE_HEIGHT + u32(y)) * SOURCE_WIDTH + u32(x)) * SOURCE_VECTORS;
}
