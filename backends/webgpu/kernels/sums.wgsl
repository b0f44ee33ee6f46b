fn computeGroup(group: vec3<u32>, thread: u32) {
  var number = Number();
  for (var i = group.x * THREADS + thread; i < ELEMENTS; i += GROUPS_X * THREADS) {
    number = combine(number, contribution(source(i)));
  }
  number = total(thread, number);
  if (thread == 0) { storeResult(group.x, bitcast<f32>(number)); }
}
