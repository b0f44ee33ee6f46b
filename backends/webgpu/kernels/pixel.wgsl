// Four channels of a pixel of an image.
struct Pixel { image: u32, y: i32, x: i32, vector: u32 }

// Those of item i, of images of HEIGHT rows and WIDTH columns.
fn pixelOf(i: u32) -> Pixel {
  return Pixel(
    i / (VECTORS * WIDTH * HEIGHT),
    i32(i / (VECTORS * WIDTH) % HEIGHT),
    i32(i / VECTORS % WIDTH),
    i % VECTORS,
  );
}

// Where the same channels lie at another place of images of another size.
fn otherPlace(pixel: Pixel, row: i32, column: i32) -> u32 {
  return ((pixel.image * OTHER_HEIGHT + u32(row)) * OTHER_WIDTH + u32(column)) * VECTORS +
    pixel.vector;
}
