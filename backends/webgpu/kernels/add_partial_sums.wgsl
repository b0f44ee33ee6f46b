// Invocations follow the order of the partial sums, of which there are more than results.
fn item(i: u32) {
  let o = i % REAL_OUT;
  let c = i / REAL_OUT % REAL_IN;
  let tap = i / (REAL_OUT * REAL_IN) % TAPS;
  let g = i / (REAL_OUT * REAL_IN * TAPS);
  let place = ((g * TAPS + tap) * GROUP_IN + c) * GROUP_OUT + o;
  var sum = 0.0f;
  for (var part = 0u; part < PARTS; part++) {
    sum += partial(part * (GROUPS * TAPS * GROUP_IN * GROUP_OUT) + place);
  }
  storeResult(((g * REAL_OUT + o) * REAL_IN + c) * TAPS + tap, sum);
}
