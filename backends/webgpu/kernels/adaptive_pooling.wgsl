// What number i of some parts takes of a size; see `adaptiveWindow`.
fn start(i: i32, size: i32, parts: i32) -> i32 {
  return i * size / parts;
}

fn end(i: i32, size: i32, parts: i32) -> i32 {
  return ((i + 1) * size + parts - 1) / parts;
}

fn count(i: i32, size: i32, parts: i32) -> i32 {
  return end(i, size, parts) - start(i, size, parts);
}

fn item(i: u32) {
  let pixel = pixelOf(i);
  let endRow = end(pixel.y, OTHER_HEIGHT, HEIGHT);
  let endColumn = end(pixel.x, OTHER_WIDTH, WIDTH);
  var sum = vec4<f32>();
  for (var row = start(pixel.y, OTHER_HEIGHT, HEIGHT); row < endRow; row++) {
    for (var column = start(pixel.x, OTHER_WIDTH, WIDTH); column < endColumn; column++) {
      sum += input(otherPlace(pixel, row, column)) / f32(area(pixel.y, pixel.x, row, column));
    }
  }
  storeOutput(i, sum);
}
