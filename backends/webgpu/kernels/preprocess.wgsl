fn item(i: u32) {
  let vector = i % VECTORS;
  let x = i32(i / VECTORS % WIDTH);
  let y = i32(i / (VECTORS * WIDTH) % HEIGHT);
  let image = i / (VECTORS * WIDTH * HEIGHT);
  let flips = transform(image, 2) != 0;
  let row = y + transform(image, 0) - PADDING;
  let column = select(x, WIDTH - 1 - x, flips) + transform(image, 1) - PADDING;
  let isInside = row >= 0 && row < HEIGHT && column >= 0 && column < WIDTH;
  var value = vec4<f32>();
  for (var lane = 0u; lane < 4; lane++) {
    let channel = vector * 4 + lane;
    var pixel = 0u;
    if (isInside && channel < CHANNELS) {
      let place = ((image * HEIGHT + u32(row)) * WIDTH + u32(column)) * CHANNELS + channel;
      pixel = (pixels(place / 4) >> (place % 4 * 8)) & 255;
    }
    value[lane] = f32(pixel) * SCALE[channel] - SHIFT[channel];
  }
  storeOutput(i, value);
}
