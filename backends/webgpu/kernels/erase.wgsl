// A box of every image is overwritten; fields: its row, column, rows, columns and first value.
fn box(image: u32, field: u32) -> i32 {
  return boxes(image * FIELDS + field);
}

fn item(i: u32) {
  let vector = i % VECTORS;
  let x = i32(i / VECTORS % WIDTH);
  let y = i32(i / (VECTORS * WIDTH) % HEIGHT);
  let image = i / (VECTORS * WIDTH * HEIGHT);
  let row = y - box(image, 0);
  let column = x - box(image, 1);
  let columns = box(image, 3);
  var value = input(i);
  if (row >= 0 && row < box(image, 2) && column >= 0 && column < columns) {
    for (var lane = 0u; lane < 4; lane++) {
      let channel = vector * 4 + lane;
      if (channel >= CHANNELS) { break; }
      let place = u32(box(image, 4) + (row * columns + column) * CHANNELS) + channel;
      value[lane] = values(place % VALUES);
    }
  }
  storeOutput(i, value);
}
