const VECTORS = CHANNELS / 4;
const LINE_VECTORS = TILE_COLUMNS / 4;

var<workgroup> gradients: array<vec4<f32>, RECTANGLE_ROWS * RECTANGLE_COLUMNS * LINE_VECTORS>;

// All taps of some input channels, and some output channels.
struct Tile { part: u32, groupIndex: u32, firstVector: u32, firstColumn: u32 }

// Four output channels of the gradient at a position of the rectangle.
fn loadGradient(tile: Tile, rectangle: Rectangle, position: u32, vector: u32) -> vec4<f32> {
  let y = rectangle.firstY + position / RECTANGLE_COLUMNS;
  let x = rectangle.firstX + position % RECTANGLE_COLUMNS;
  return gradientAt(
    (y < RESULT_HEIGHT) & (x < RESULT_WIDTH),
    (rectangle.image * RESULT_HEIGHT + y) * RESULT_WIDTH + x,
    tile.groupIndex,
    tile.firstColumn + vector * 4,
  );
}

// The first of the patch's pixels for the invocation's tap and channels.
fn ownPixel(firstRow: u32) -> u32 {
  let tap = firstRow / CHANNELS;
  return firstRow % CHANNELS / 4 * PATCH_PIXELS +
    tap / KERNEL_WIDTH * (DILATION_Y * PATCH_COLUMNS) +
    tap % KERNEL_WIDTH * DILATION_X;
}

fn vectorA(pixel: u32, i: u32, k: u32) -> vec4<f32> {
  return pixels[pixel + k * STRIDE_X];
}

fn vectorB(gradient: u32, j: u32, k: u32) -> vec4<f32> {
  return gradients[gradient + k * LINE_VECTORS + j];
}

fn computeGroup(group: vec3<u32>, thread: u32) {
  let tile = Tile(
    group.z,
    group.y,
    group.x / COLUMN_TILES * VECTORS,
    group.x % COLUMN_TILES * TILE_COLUMNS,
  );
  let firstRow = thread / THREADS_ACROSS * THREAD_ROWS;
  let firstColumn = thread % THREADS_ACROSS * THREAD_COLUMNS;
  let firstPixel = ownPixel(firstRow);
  let end = min((tile.part + 1) * PART_RECTANGLES, RECTANGLES);
  var sums = Sums();
  for (var r = tile.part * PART_RECTANGLES; r < end; r++) {
    let rectangle = rectangleOf(r);
    stagePixels(rectangle, tile.groupIndex, tile.firstVector, thread);
    for (var i = thread; i < RECTANGLE_ROWS * RECTANGLE_COLUMNS * LINE_VECTORS; i += THREADS) {
      gradients[i] = loadGradient(tile, rectangle, i / LINE_VECTORS, i % LINE_VECTORS);
    }
    workgroupBarrier();
    for (var y = 0u; y < RECTANGLE_ROWS; y++) {
      addProducts(
        &sums,
        firstPixel + y * (STRIDE_Y * PATCH_COLUMNS),
        y * (RECTANGLE_COLUMNS * LINE_VECTORS) + firstColumn / 4,
      );
    }
    workgroupBarrier();
  }
  storeSums(tile, firstRow, firstColumn, &sums);
}

fn store(tile: Tile, row: u32, column: u32, value: vec4<f32>) {
  let input = tile.firstVector * 4 + row % CHANNELS;
  if (input < GROUP_IN) {
    let kernelRow = row / CHANNELS * GROUP_IN + input;
    storePartialSums(tile.part, tile.groupIndex, kernelRow, tile.firstColumn + column, value);
  }
}
