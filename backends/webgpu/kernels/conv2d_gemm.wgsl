// Convolution as a matrix product: rows are positions of the result, columns its channels, and what is
// summed are the taps, of each tap the source's channels.
const INNER_VECTORS = TILE_INNER / 4;
const GROUP_SOURCE_VECTORS = GROUP_SOURCE / 4;

struct Tile {
  rows: AxisPhase,
  columns: AxisPhase,
  groupIndex: u32,
  firstPosition: u32,
  firstColumn: u32,
  // Positions of the phase, and vectors of source channels of all its taps.
  positions: u32,
  innerVectors: u32,
}

fn tileOf(group: vec3<u32>) -> Tile {
  let index = group.y * GROUPS_X + group.x;
  let rows = rowPhase(group.z / GROUPS);
  let columns = columnPhase(group.z / GROUPS);
  return Tile(
    rows,
    columns,
    group.z % GROUPS,
    index / COLUMN_TILES * TILE_ROWS,
    index % COLUMN_TILES * TILE_COLUMNS,
    BATCH * u32(rows.positions * columns.positions),
    u32(rows.taps * columns.taps) * GROUP_SOURCE_VECTORS,
  );
}

fn stretchesOf(tile: Tile) -> u32 {
  return (tile.innerVectors + INNER_VECTORS - 1) / INNER_VECTORS;
}

struct Tap { row: i32, column: i32 }

fn tapOf(tile: Tile, innerVector: u32) -> Tap {
  let tap = i32(innerVector / GROUP_SOURCE_VECTORS);
  let across = max(tile.columns.taps, 1);
  return Tap(tap / across, tap % across);
}

// The tap's number in the kernel.
fn kernelTap(tile: Tile, tap: Tap) -> u32 {
  let row = tile.rows.firstTap + tap.row * tile.rows.kernelStep;
  return u32(row * KERNEL_WIDTH + tile.columns.firstTap + tap.column * tile.columns.kernelStep);
}

// A position of the result, and where its first tap lies in the source.
struct PlaceA { image: u32, row: i32, column: i32, isInside: bool, inner: u32 }

fn placeA(tile: Tile, place: u32, inner: u32) -> PlaceA {
  let position = tile.firstPosition + place;
  let row = i32(position / u32(tile.columns.positions)) % tile.rows.positions;
  let column = i32(position) % tile.columns.positions;
  return PlaceA(
    position / u32(tile.rows.positions * tile.columns.positions),
    row * POSITION_STEP_Y + tile.rows.firstSource,
    column * POSITION_STEP_X + tile.columns.firstSource,
    position < tile.positions,
    inner,
  );
}

fn loadA(tile: Tile, place: PlaceA, stretch: u32) -> vec4<f32> {
  let innerVector = stretch * INNER_VECTORS + place.inner / 4;
  let tap = tapOf(tile, innerVector);
  let y = borderAt(place.row + tap.row * tile.rows.tapStep, SOURCE_HEIGHT);
  let x = borderAt(place.column + tap.column * tile.columns.tapStep, SOURCE_WIDTH);
  var value = vec4<f32>();
  if (place.isInside & (innerVector < tile.innerVectors) & isInside(y, x)) {
    let vector = tile.groupIndex * GROUP_SOURCE_VECTORS + innerVector % GROUP_SOURCE_VECTORS;
    value = source(sourcePixel(place.image, y, x) + vector);
  }
  return value;
}

struct PlaceB { channel: u32, inner: u32 }

fn placeB(tile: Tile, place: u32, inner: u32) -> PlaceB {
  return PlaceB(tile.firstColumn + place, inner);
}

fn store(tile: Tile, row: u32, column: u32, value: vec4<f32>) {
  let position = tile.firstPosition + row;
  let channel = tile.firstColumn + column;
  if ((position < tile.positions) & (channel < GROUP_RESULT)) {
    let image = position / u32(tile.rows.positions * tile.columns.positions);
    let positionRow = i32(position / u32(tile.columns.positions)) % tile.rows.positions;
    let positionColumn = i32(position) % tile.columns.positions;
    let y = positionRow * RESULT_STEP_Y + tile.rows.firstResult;
    let x = positionColumn * RESULT_STEP_X + tile.columns.firstResult;
    let pixel = (image * RESULT_HEIGHT + u32(y)) * RESULT_WIDTH + u32(x);
    let place = pixel * RESULT_VECTORS + (tile.groupIndex * GROUP_RESULT + channel) / 4;
    storeResult(place, biased(value, tile.groupIndex * GROUP_OUT + channel));
  }
}
