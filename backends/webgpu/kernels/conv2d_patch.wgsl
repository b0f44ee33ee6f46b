const TAPS = TAPS_Y * TAPS_X;
const VECTORS = TILE_INNER / 4;
const STRETCHES = (GROUP_SOURCE / 4 + VECTORS - 1) / VECTORS;

// Staged weights of a tap are vectors of output channels. A line holds those of an input channel:
// of the source in a forward convolution, of the result in an input gradient.
const LINES = select(TILE_COLUMNS, TILE_INNER, IS_FORWARD);
const LINE_VECTORS = select(TILE_INNER, TILE_COLUMNS, IS_FORWARD) / 4;
const TAP_VECTORS = LINES * LINE_VECTORS;

var<workgroup> weights: array<vec4<f32>, STAGED_TAPS * TAP_VECTORS>;

// A rectangle of positions and some channels of the result.
struct Tile { groupIndex: u32, firstColumn: u32, rectangle: Rectangle }

fn loadWeight(tile: Tile, tap: i32, stretch: u32, line: u32, vector: u32) -> vec4<f32> {
  let row = FIRST_TAP_Y + tap / TAPS_X * KERNEL_STEP_Y;
  let kernelTap = u32(row * KERNEL_WIDTH + FIRST_TAP_X + tap % TAPS_X * KERNEL_STEP_X);
  let sourceChannel = stretch * TILE_INNER + select(vector * 4, line, IS_FORWARD);
  let resultChannel = tile.firstColumn + select(line, vector * 4, IS_FORWARD);
  return weightAt(kernelTap, tile.groupIndex, sourceChannel, resultChannel);
}

// The patch pixel of the invocation's first position under tap 0; its others are to the right.
fn ownPixel(firstRow: u32) -> u32 {
  return firstRow / RECTANGLE_COLUMNS * (POSITION_STEP_Y * PATCH_COLUMNS) +
    firstRow % RECTANGLE_COLUMNS * POSITION_STEP_X +
    ((FIRST_SOURCE_Y - FIRST_REACHED_Y) * PATCH_COLUMNS + FIRST_SOURCE_X - FIRST_REACHED_X);
}

fn vectorA(pixel: u32, i: u32, k: u32) -> vec4<f32> {
  return pixels[k * PATCH_PIXELS + i * POSITION_STEP_X + pixel];
}

fn vectorB(firstWeight: u32, j: u32, k: u32) -> vec4<f32> {
  return weights[firstWeight + select(j * LINE_VECTORS + k, k * LINE_VECTORS + j, IS_FORWARD)];
}

fn computeGroup(group: vec3<u32>, thread: u32) {
  let index = group.y * GROUPS_X + group.x;
  let rectangle = rectangleOf(index / COLUMN_TILES);
  let tile = Tile(group.z, index % COLUMN_TILES * TILE_COLUMNS, rectangle);
  let firstRow = thread / THREADS_ACROSS * THREAD_ROWS;
  let firstColumn = thread % THREADS_ACROSS * THREAD_COLUMNS;
  let firstPixel = ownPixel(firstRow);
  let firstWeight = select(firstColumn * LINE_VECTORS, firstColumn / 4, IS_FORWARD);
  var sums = Sums();
  for (var stretch = 0u; stretch < STRETCHES; stretch++) {
    stagePixels(rectangle, tile.groupIndex, stretch * VECTORS, thread);
    for (var firstTap = 0u; firstTap < TAPS; firstTap += STAGED_TAPS) {
      for (var i = thread; i < STAGED_TAPS * TAP_VECTORS; i += THREADS) {
        let tap = i32(firstTap + i / TAP_VECTORS);
        weights[i] = loadWeight(tile, tap, stretch, i / LINE_VECTORS % LINES, i % LINE_VECTORS);
      }
      workgroupBarrier();
      for (var t = 0u; t < STAGED_TAPS; t++) {
        let tap = i32(firstTap + t);
        let pixel = u32(
          i32(firstPixel) + tap / TAPS_X * (TAP_STEP_Y * PATCH_COLUMNS) + tap % TAPS_X * TAP_STEP_X,
        );
        addProducts(&sums, pixel, t * TAP_VECTORS + firstWeight);
      }
      workgroupBarrier();
    }
  }
  storeSums(tile, firstRow, firstColumn, &sums);
}

fn store(tile: Tile, row: u32, column: u32, value: vec4<f32>) {
  let y = tile.rectangle.firstY + row / RECTANGLE_COLUMNS;
  let x = tile.rectangle.firstX + row % RECTANGLE_COLUMNS;
  let channel = tile.firstColumn + column;
  if ((y < POSITIONS_Y) & (x < POSITIONS_X) & (channel < GROUP_RESULT)) {
    storePixel(tile.rectangle.image, y, x, tile.groupIndex, channel, value);
  }
}
