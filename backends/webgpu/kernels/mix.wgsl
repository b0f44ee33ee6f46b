const IMAGE_VECTORS = VECTORS * WIDTH * HEIGHT;

// Every image is mixed with another; fields: which one, then first row, first column, end row and end
// column of the box that is all the other's.
fn partner(image: u32, field: u32) -> i32 {
  return partners(image * FIELDS + field);
}

fn item(i: u32) {
  let x = i32(i / VECTORS % WIDTH);
  let y = i32(i / (VECTORS * WIDTH) % HEIGHT);
  let image = i / IMAGE_VECTORS;
  let other = input(u32(partner(image, 0)) % BATCH * IMAGE_VECTORS + i % IMAGE_VECTORS);
  let inside = y >= partner(image, 1) && x >= partner(image, 2) &&
    y < partner(image, 3) && x < partner(image, 4);
  let share = select(shares(image), 0.0f, inside);
  storeOutput(i, share * input(i) + (1.0f - share) * other);
}
