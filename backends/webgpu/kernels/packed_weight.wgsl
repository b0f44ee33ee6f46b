fn item(i: u32) {
  let o = i % OUT_PADDED;
  let c = i / OUT_PADDED % IN_PADDED;
  let tap = i / (OUT_PADDED * IN_PADDED);
  var value = 0.0f;
  if (o < OUT && c < IN) {
    value = weight((o * IN + c) * TAPS + tap);
  }
  storePacked(i, value);
}
