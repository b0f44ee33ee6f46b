@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let vector = group.x * VECTORS_ACROSS + thread % VECTORS_ACROSS;
  let isReal = vector < SOURCE_VECTORS;
  let ky = i32(group.y);
  let endRow = min((group.z + 1) * PART_ROWS, ROWS);
  var sums = Sums();
  for (var row = group.z * PART_ROWS; row < endRow; row++) {
    let image = row / OUT_HEIGHT;
    let tapRow = i32(row % OUT_HEIGHT) * STRIDE_Y - PADDING_Y + ky * DILATION_Y;
    let y = borderAt(tapRow, SOURCE_HEIGHT);
    if (!isReal || u32(y) >= SOURCE_HEIGHT) { continue; }
    for (var column = thread / VECTORS_ACROSS; column < OUT_WIDTH; column += PIXELS_ALONG) {
      let dy = gradient((row * OUT_WIDTH + column) * SOURCE_VECTORS + vector);
      addTaps(&sums, dy, image, y, i32(column) * STRIDE_X - PADDING_X, vector);
    }
  }
  combineSums(&sums, thread);
  if (thread < VECTORS_ACROSS && isReal) {
    let tap = (group.z * KERNEL_HEIGHT + group.y) * KERNEL_WIDTH;
    storeSums(&sums, tap * SOURCE_VECTORS + vector);
  }
}
