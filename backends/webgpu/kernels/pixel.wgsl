// Four channels of a pixel of an image.
struct Pixel { image: u32, y: i32, x: i32, vector: u32 }

// Item i of images of HEIGHT rows and WIDTH columns.
fn pixelOf(i: u32) -> Pixel {
  return Pixel(
    i / (VECTORS * WIDTH * HEIGHT),
    i32(i / (VECTORS * WIDTH) % HEIGHT),
    i32(i / VECTORS % WIDTH),
    i % VECTORS,
  );
}

// The same channels of another pixel, of images of OTHER_HEIGHT rows and OTHER_WIDTH columns.
fn otherPlace(pixel: Pixel, row: i32, column: i32) -> u32 {
  return ((pixel.image * OTHER_HEIGHT + u32(row)) * OTHER_WIDTH + u32(column)) * VECTORS +
    pixel.vector;
}
