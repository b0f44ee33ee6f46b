// Four channels of a pixel of the source, vector `vector` of a group; zero outside the image.
fn sourceAt(
  isUsed: bool,
  image: u32,
  row: i32,
  column: i32,
  groupIndex: u32,
  vector: u32,
) -> vec4<f32> {
  let y = borderAt(row, SOURCE_HEIGHT);
  let x = borderAt(column, SOURCE_WIDTH);
  var value = vec4<f32>();
  if (isUsed & isInside(y, x)) {
    value = source(sourcePixel(image, y, x) + groupIndex * (GROUP_SOURCE / 4) + vector);
  }
  return value;
}
