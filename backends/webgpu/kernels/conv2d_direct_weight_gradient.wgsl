@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let number = group.y * GROUPS_X + group.x;
  let kx = number % KERNEL_X;
  let ky = number / KERNEL_X % KERNEL_Y;
  let c = number / (KERNEL_X * KERNEL_Y) % GROUP_IN;
  let o = number / (KERNEL_X * KERNEL_Y * GROUP_IN);
  let channel = o / GROUP_OUT * GROUP_IN + c;
  var sum = 0.0f;
  for (var position = thread; position < POSITIONS; position += THREADS) {
    let y = inputRow(position / OUT_X % OUT_Y, ky);
    let x = inputColumn(position % OUT_X, kx);
    let image = position / (OUT_X * OUT_Y);
    if (isInside(y, x)) {
      sum += source(sourcePixel(image, y, x) + channel) * dy(position * OUT_PADDED + o);
    }
  }
  sum = total(thread, sum);
  if (thread == 0 && number < WEIGHTS) { storeResult(number, sum); }
}
