// Fields: offset of the rows and of the columns that are cut out, and whether the image is flipped.
fn transform(image: u32, field: u32) -> i32 {
  if (HAS_TRANSFORMS) { return transforms(image * 3 + field); }
  return select(PADDING, 0, field == 2);
}

fn item(i: u32) {
  let here = pixelOf(i);
  let image = here.image;
  let flips = transform(image, 2) != 0;
  let row = here.y + transform(image, 0) - PADDING;
  let column = select(here.x, WIDTH - 1 - here.x, flips) + transform(image, 1) - PADDING;
  let isInside = row >= 0 && row < HEIGHT && column >= 0 && column < WIDTH;
  var value = vec4<f32>();
  for (var lane = 0u; lane < 4; lane++) {
    let channel = here.vector * 4 + lane;
    var pixel = 0u;
    if (isInside && channel < CHANNELS) {
      let place = ((image * HEIGHT + u32(row)) * WIDTH + u32(column)) * CHANNELS + channel;
      pixel = (pixels(place / 4) >> (place % 4 * 8)) & 255;
    }
    value[lane] = f32(pixel) * SCALE[channel] - SHIFT[channel];
  }
  storeOutput(i, value);
}
