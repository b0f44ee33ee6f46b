fn item(i: u32) {
  let pixel = pixelOf(i);
  let x = u32(pixel.x);
  let y = u32(pixel.y);
  var sum = vec4<f32>();
  for (var r = rows(y); r < rows(y + 1); r++) {
    for (var c = columns(x); c < columns(x + 1); c++) {
      sum += padded(otherPlace(pixel, rows(u32(r)), columns(u32(c))));
    }
  }
  storeResult(i, sum);
}
