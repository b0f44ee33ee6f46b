// The range of part i when a size is divided into parts; see `adaptiveWindow`.
fn start(i: i32, size: i32, parts: i32) -> i32 {
  return i * size / parts;
}

fn end(i: i32, size: i32, parts: i32) -> i32 {
  return ((i + 1) * size + parts - 1) / parts;
}

fn count(i: i32, size: i32, parts: i32) -> i32 {
  return end(i, size, parts) - start(i, size, parts);
}

// The number of pixels in the window of an output: of (y, x) or, in the gradient, of (row, column).
fn area(y: i32, x: i32, row: i32, column: i32) -> i32 {
  if (IS_GRADIENT) {
    return count(row, HEIGHT, OTHER_HEIGHT) * count(column, WIDTH, OTHER_WIDTH);
  }
  return count(y, OTHER_HEIGHT, HEIGHT) * count(x, OTHER_WIDTH, WIDTH);
}

// Sums the pixels of a window; the gradient's are the windows that contain a pixel.
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
