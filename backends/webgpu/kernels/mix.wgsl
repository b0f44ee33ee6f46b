const IMAGE_VECTORS = VECTORS * WIDTH * HEIGHT;

// Every image is mixed with another. Fields: the other's index, then first row, first column, end
// row and end column of the box that the other replaces.
fn partner(image: u32, field: u32) -> i32 {
  return fields(image * FIELDS + field);
}

fn item(i: u32) {
  let pixel = pixelOf(i);
  let image = pixel.image;
  let other = input(u32(partner(image, 0)) % BATCH * IMAGE_VECTORS + i % IMAGE_VECTORS);
  let isInside = pixel.y >= partner(image, 1) && pixel.x >= partner(image, 2) &&
    pixel.y < partner(image, 3) && pixel.x < partner(image, 4);
  let share = select(values(image), 0.0f, isInside);
  storeOutput(i, share * input(i) + (1.0f - share) * other);
}
