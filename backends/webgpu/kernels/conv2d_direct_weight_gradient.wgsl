fn computeGroup(group: vec3<u32>, thread: u32) {
  let number = group.y * GROUPS_X + group.x;
  let kx = number % KERNEL_WIDTH;
  let ky = number / KERNEL_WIDTH % KERNEL_HEIGHT;
  let c = number / (KERNEL_WIDTH * KERNEL_HEIGHT) % GROUP_IN;
  let o = number / (KERNEL_WIDTH * KERNEL_HEIGHT * GROUP_IN);
  let channel = o / GROUP_OUT * GROUP_IN + c;
  var sum = 0.0f;
  for (var position = thread; position < POSITIONS; position += THREADS) {
    let y = inputRow(position / RESULT_WIDTH % RESULT_HEIGHT, ky);
    let x = inputColumn(position % RESULT_WIDTH, kx);
    let image = position / (RESULT_WIDTH * RESULT_HEIGHT);
    if (isInside(y, x)) {
      let pixel = 4 * sourcePixel(image, y, x);
      sum += source(pixel + channel) * dy(position * (4 * RESULT_VECTORS) + o);
    }
  }
  sum = total(thread, sum);
  if (thread == 0 && number < WEIGHTS) { storeResult(number, sum); }
}
