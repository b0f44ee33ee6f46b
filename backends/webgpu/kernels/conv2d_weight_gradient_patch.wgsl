const VECTORS = CHANNELS / 4;
const LINE_VECTORS = TILE_COLUMNS / 4;
const POSITIONS = RECTANGLE_ROWS * RECTANGLE_COLUMNS;

var<workgroup> pixels: array<vec4<f32>, VECTORS * PATCH_PIXELS>;
var<workgroup> gradients: array<vec4<f32>, POSITIONS * LINE_VECTORS>;

// All taps of some input channels, and some output channels.
struct Tile { part: u32, groupIndex: u32, firstVector: u32, firstColumn: u32 }

fn tileOf(group: vec3<u32>) -> Tile {
  return Tile(
    group.z,
    group.y,
    group.x / COLUMN_TILES * VECTORS,
    group.x % COLUMN_TILES * TILE_COLUMNS,
  );
}

// A rectangle of output positions.
struct Rectangle { image: u32, firstY: u32, firstX: u32 }

fn rectangleOf(i: u32) -> Rectangle {
  return Rectangle(
    i / (DOWN_IMAGE * ACROSS_IMAGE),
    i / ACROSS_IMAGE % DOWN_IMAGE * RECTANGLE_ROWS,
    i % ACROSS_IMAGE * RECTANGLE_COLUMNS,
  );
}

// Four channels of a pixel of the patch under the rectangle.
fn loadPixel(tile: Tile, rectangle: Rectangle, pixel: u32, vector: u32) -> vec4<f32> {
  let row = i32(rectangle.firstY * STRIDE_Y + pixel / PATCH_COLUMNS) - PADDING_Y;
  let column = i32(rectangle.firstX * STRIDE_X + pixel % PATCH_COLUMNS) - PADDING_X;
  let y = borderAt(row, SOURCE_HEIGHT);
  let x = borderAt(column, SOURCE_WIDTH);
  var value = vec4<f32>();
  if ((vector < GROUP_IN / 4) & isInside(y, x)) {
    value = source(
      sourcePixel(rectangle.image, y, x) + tile.groupIndex * (GROUP_IN / 4) + vector,
    );
  }
  return value;
}

// Four output channels of the gradient at a position of the rectangle.
fn loadGradient(tile: Tile, rectangle: Rectangle, position: u32, vector: u32) -> vec4<f32> {
  let y = rectangle.firstY + position / RECTANGLE_COLUMNS;
  let x = rectangle.firstX + position % RECTANGLE_COLUMNS;
  let channel = tile.firstColumn + vector * 4;
  var value = vec4<f32>();
  if ((y < OUT_HEIGHT) & (x < OUT_WIDTH) & (channel < GROUP_OUT)) {
    let pixel = (rectangle.image * OUT_HEIGHT + y) * OUT_WIDTH + x;
    value = dy(pixel * OUT_VECTORS + (tile.groupIndex * GROUP_OUT + channel) / 4);
  }
  return value;
}

// Where the patch's pixels of the invocation's tap and channels begin.
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

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let tile = tileOf(group);
  let firstRow = thread / THREADS_ACROSS * THREAD_ROWS;
  let firstColumn = thread % THREADS_ACROSS * THREAD_COLUMNS;
  let firstPixel = ownPixel(firstRow);
  let end = min((tile.part + 1) * PART_RECTANGLES, RECTANGLES);
  var sums = Sums();
  for (var r = tile.part * PART_RECTANGLES; r < end; r++) {
    let rectangle = rectangleOf(r);
    for (var i = thread; i < VECTORS * PATCH_PIXELS; i += THREADS) {
      let pixel = i / VECTORS;
      let vector = i % VECTORS;
      pixels[vector * PATCH_PIXELS + pixel] =
        loadPixel(tile, rectangle, pixel, tile.firstVector + vector);
    }
    for (var i = thread; i < POSITIONS * LINE_VECTORS; i += THREADS) {
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
  let channelIn = tile.firstVector * 4 + row % CHANNELS;
  let channel = tile.firstColumn + column;
  if ((channelIn < GROUP_IN) & (channel < GROUP_OUT)) {
    storePartialSums(tile, row / CHANNELS * GROUP_IN + channelIn, channel, value);
  }
}
