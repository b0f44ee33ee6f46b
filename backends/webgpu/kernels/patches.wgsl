// VECTORS of each pixel of the patch under a rectangle of positions.
var<workgroup> pixels: array<vec4<f32>, VECTORS * PATCH_PIXELS>;

struct Rectangle { image: u32, firstY: u32, firstX: u32 }

fn rectangleOf(i: u32) -> Rectangle {
  return Rectangle(
    i / (DOWN_IMAGE * ACROSS_IMAGE),
    i / ACROSS_IMAGE % DOWN_IMAGE * RECTANGLE_ROWS,
    i % ACROSS_IMAGE * RECTANGLE_COLUMNS,
  );
}

fn stagePixels(rectangle: Rectangle, groupIndex: u32, firstVector: u32, thread: u32) {
  let firstY = i32(rectangle.firstY) * POSITION_STEP_Y + FIRST_REACHED_Y;
  let firstX = i32(rectangle.firstX) * POSITION_STEP_X + FIRST_REACHED_X;
  for (var i = thread; i < VECTORS * PATCH_PIXELS; i += THREADS) {
    let pixel = i / VECTORS;
    let vector = firstVector + i % VECTORS;
    pixels[i % VECTORS * PATCH_PIXELS + pixel] = sourceAt(
      vector < GROUP_SOURCE / 4,
      rectangle.image,
      firstY + i32(pixel / PATCH_COLUMNS),
      firstX + i32(pixel % PATCH_COLUMNS),
      groupIndex,
      vector,
    );
  }
}
