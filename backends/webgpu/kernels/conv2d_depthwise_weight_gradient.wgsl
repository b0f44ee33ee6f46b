const PIXELS_ALONG = THREADS / VECTORS_ACROSS;

fn computeGroup(group: vec3<u32>, thread: u32) {
  let vector = group.x * VECTORS_ACROSS + thread % VECTORS_ACROSS;
  let isReal = vector < SOURCE_VECTORS;
  let ky = i32(group.y);
  let endRow = min((group.z + 1) * PART_ROWS, ROWS);
  var sums = Sums();
  for (var row = group.z * PART_ROWS; row < endRow; row++) {
    let image = row / RESULT_HEIGHT;
    let tapRow = i32(row % RESULT_HEIGHT) * STRIDE_Y - PADDING_Y + ky * DILATION_Y;
    let y = borderAt(tapRow, SOURCE_HEIGHT);
    if (!isReal || u32(y) >= SOURCE_HEIGHT) { continue; }
    for (var column = thread / VECTORS_ACROSS; column < RESULT_WIDTH; column += PIXELS_ALONG) {
      let dy = gradient((row * RESULT_WIDTH + column) * SOURCE_VECTORS + vector);
      addTaps(&sums, dy, image, y, i32(column) * STRIDE_X - PADDING_X, vector);
    }
  }
  combineSums(&sums, thread);
  if (thread < VECTORS_ACROSS && isReal) {
    let tap = (group.z * KERNEL_HEIGHT + group.y) * KERNEL_WIDTH;
    storeSums(&sums, tap * SOURCE_VECTORS + vector);
  }
}
