fn computeGroup(group: vec3<u32>, thread: u32) {
  let end = u32(bounds(2 * group.x + 1));
  var sum = 0.0f;
  for (var i = u32(bounds(2 * group.x)) + thread; i < end; i += THREADS) {
    let x = source(i);
    sum += select(x, x * x, SQUARES);
  }
  sum = total(thread, sum);
  if (thread == 0) { storeResult(group.x, sum); }
}
