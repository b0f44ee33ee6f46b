// A box of every image is overwritten. Fields: its row, column, rows, columns and first value.
fn box(image: u32, field: u32) -> i32 {
  return fields(image * FIELDS + field);
}

fn item(i: u32) {
  let pixel = pixelOf(i);
  let row = pixel.y - box(pixel.image, 0);
  let column = pixel.x - box(pixel.image, 1);
  let columns = box(pixel.image, 3);
  var value = input(i);
  if (row >= 0 && row < box(pixel.image, 2) && column >= 0 && column < columns) {
    for (var lane = 0u; lane < 4; lane++) {
      let channel = pixel.vector * 4 + lane;
      if (channel >= CHANNELS) { break; }
      let place = u32(box(pixel.image, 4) + (row * columns + column) * CHANNELS) + channel;
      value[lane] = values(place % VALUES);
    }
  }
  storeOutput(i, value);
}
