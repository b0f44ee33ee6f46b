const VECTORS = TILE_INNER / 4;
const GROUP_SOURCE_VECTORS = GROUP_SOURCE / 4;
const STRETCHES = (GROUP_SOURCE_VECTORS + VECTORS - 1) / VECTORS;
const TAP_VECTORS = LINES * LINE_VECTORS;

var<workgroup> pixels: array<vec4<f32>, VECTORS * PATCH_PIXELS>;
var<workgroup> weights: array<vec4<f32>, STAGED_TAPS * TAP_VECTORS>;

// A rectangle of positions and some channels of the result.
struct Tile { groupIndex: u32, firstColumn: u32, image: u32, firstY: u32, firstX: u32 }

fn tileOf(group: vec3<u32>) -> Tile {
  let index = group.y * GROUPS_X + group.x;
  let rectangle = index / COLUMN_TILES;
  return Tile(
    group.z,
    index % COLUMN_TILES * TILE_COLUMNS,
    rectangle / (DOWN_IMAGE * ACROSS_IMAGE),
    rectangle / ACROSS_IMAGE % DOWN_IMAGE * RECTANGLE_ROWS,
    rectangle % ACROSS_IMAGE * RECTANGLE_COLUMNS,
  );
}

// Four channels of a pixel of the patch under the rectangle.
fn loadPixel(tile: Tile, pixel: u32, vector: u32) -> vec4<f32> {
  let firstY = i32(tile.firstY) * POSITION_STEP_Y + FIRST_REACHED_Y;
  let firstX = i32(tile.firstX) * POSITION_STEP_X + FIRST_REACHED_X;
  let y = borderAt(firstY + i32(pixel / PATCH_COLUMNS), SOURCE_HEIGHT);
  let x = borderAt(firstX + i32(pixel % PATCH_COLUMNS), SOURCE_WIDTH);
  var value = vec4<f32>();
  if ((vector < GROUP_SOURCE_VECTORS) & isInside(y, x)) {
    value = source(
      sourcePixel(tile.image, y, x) + tile.groupIndex * GROUP_SOURCE_VECTORS + vector,
    );
  }
  return value;
}

// The tap's number in the kernel.
fn kernelTap(tap: i32) -> u32 {
  let row = FIRST_TAP_Y + tap / TAP_COLUMNS * KERNEL_STEP_Y;
  return u32(row * KERNEL_WIDTH + FIRST_TAP_X + tap % TAP_COLUMNS * KERNEL_STEP_X);
}

// The patch pixel of the invocation's first position under tap 0; its others lie to the right.
fn ownPixel(firstRow: u32) -> u32 {
  return firstRow / RECTANGLE_COLUMNS * (POSITION_STEP_Y * PATCH_COLUMNS) +
    firstRow % RECTANGLE_COLUMNS * POSITION_STEP_X +
    ((FIRST_SOURCE_Y - FIRST_REACHED_Y) * PATCH_COLUMNS + FIRST_SOURCE_X - FIRST_REACHED_X);
}

fn vectorA(pixel: u32, i: u32, k: u32) -> vec4<f32> {
  return pixels[k * PATCH_PIXELS + i * POSITION_STEP_X + pixel];
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
  var sums = Sums();
  for (var stretch = 0u; stretch < STRETCHES; stretch++) {
    for (var i = thread; i < VECTORS * PATCH_PIXELS; i += THREADS) {
      let pixel = i / VECTORS;
      let vector = i % VECTORS;
      pixels[vector * PATCH_PIXELS + pixel] = loadPixel(tile, pixel, stretch * VECTORS + vector);
    }
    for (var firstTap = 0u; firstTap < TAPS; firstTap += STAGED_TAPS) {
      for (var i = thread; i < STAGED_TAPS * TAP_VECTORS; i += THREADS) {
        let tap = kernelTap(i32(firstTap + i / TAP_VECTORS));
        weights[i] = loadWeight(tile, tap, stretch, i / LINE_VECTORS % LINES, i % LINE_VECTORS);
      }
      workgroupBarrier();
      for (var t = 0u; t < STAGED_TAPS; t++) {
        let tap = i32(firstTap + t);
        let pixel = u32(
          i32(firstPixel) + tap / TAP_COLUMNS * (TAP_STEP_Y * PATCH_COLUMNS) +
            tap % TAP_COLUMNS * TAP_STEP_X,
        );
        addProducts(&sums, pixel, t * TAP_VECTORS + ownWeight(firstColumn));
      }
      workgroupBarrier();
    }
  }
  storeSums(tile, firstRow, firstColumn, &sums);
}

fn store(tile: Tile, row: u32, column: u32, value: vec4<f32>) {
  let y = tile.firstY + row / RECTANGLE_COLUMNS;
  let x = tile.firstX + row % RECTANGLE_COLUMNS;
  let channel = tile.firstColumn + column;
  if ((y < POSITIONS_Y) & (x < POSITIONS_X) & (channel < GROUP_RESULT)) {
    let pixel = (tile.image * RESULT_HEIGHT + y) * RESULT_WIDTH + x;
    let place = pixel * RESULT_VECTORS + (tile.groupIndex * GROUP_RESULT + channel) / 4;
    storeResult(place, biased(value, tile.groupIndex * GROUP_OUT + channel));
  }
}
