fn item(i: u32) {
  let vector = i % VECTORS;
  let x = i / VECTORS % WIDTH;
  let y = i / (VECTORS * WIDTH) % HEIGHT;
  let image = i / (VECTORS * WIDTH * HEIGHT);
  var sum = vec4<f32>();
  for (var r = rows(y); r < rows(y + 1); r++) {
    let line = (image * PADDED_HEIGHT + u32(rows(u32(r)))) * PADDED_WIDTH;
    for (var c = columns(x); c < columns(x + 1); c++) {
      sum += padded((line + u32(columns(u32(c)))) * VECTORS + vector);
    }
  }
  storeResult(i, sum);
}
