// Convolution as a matrix product: rows are positions of the result, columns its channels; each sum
// runs over the taps and, for each tap, over the source's channels.
const GROUP_SOURCE_VECTORS = GROUP_SOURCE / 4;

// One axis of a component of a correlation; see ops/polyphase.ts.
struct AxisComponent {
  positions: i32,
  taps: i32,
  firstSource: i32,
  tapStep: i32,
  firstTap: i32,
  kernelStep: i32,
  firstResult: i32,
}

struct Tile {
  rows: AxisComponent,
  columns: AxisComponent,
  groupIndex: u32,
  firstPosition: u32,
  firstColumn: u32,
  // Positions of the component, and source channels of all its taps.
  positions: u32,
  inner: u32,
}

fn tileOf(group: vec3<u32>) -> Tile {
  let index = group.y * GROUPS_X + group.x;
  // If there is only one, it is a constant.
  let component = select(group.z / GROUPS, 0, COMPONENTS == 1);
  let rows = ROW_COMPONENTS[component];
  let columns = COLUMN_COMPONENTS[component];
  return Tile(
    rows,
    columns,
    group.z % GROUPS,
    index / COLUMN_TILES * TILE_ROWS,
    index % COLUMN_TILES * TILE_COLUMNS,
    BATCH * u32(rows.positions * columns.positions),
    u32(rows.taps * columns.taps) * GROUP_SOURCE,
  );
}

fn stretchesOf(tile: Tile) -> u32 {
  return (tile.inner + TILE_INNER - 1) / TILE_INNER;
}

struct Tap { row: i32, column: i32 }

fn tapOf(tile: Tile, inner: u32) -> Tap {
  let tap = i32(inner / 4 / GROUP_SOURCE_VECTORS);
  let across = max(tile.columns.taps, 1);
  return Tap(tap / across, tap % across);
}

struct Position { image: u32, row: i32, column: i32 }

fn positionOf(tile: Tile, row: u32) -> Position {
  let position = tile.firstPosition + row;
  return Position(
    position / u32(tile.rows.positions * tile.columns.positions),
    i32(position / u32(tile.columns.positions)) % tile.rows.positions,
    i32(position) % tile.columns.positions,
  );
}

// The image of a position of the result, and where its first tap is in the source.
struct PlaceA { image: u32, row: i32, column: i32, isInside: bool, inner: u32 }

fn placeA(tile: Tile, place: u32, inner: u32) -> PlaceA {
  let position = positionOf(tile, place);
  return PlaceA(
    position.image,
    position.row * POSITION_STEP_Y + tile.rows.firstSource,
    position.column * POSITION_STEP_X + tile.columns.firstSource,
    tile.firstPosition + place < tile.positions,
    inner,
  );
}

fn loadA(tile: Tile, place: PlaceA, stretch: u32) -> vec4<f32> {
  let inner = stretch * TILE_INNER + place.inner;
  let tap = tapOf(tile, inner);
  return sourceAt(
    place.isInside & (inner < tile.inner),
    place.image,
    place.row + tap.row * tile.rows.tapStep,
    place.column + tap.column * tile.columns.tapStep,
    tile.groupIndex,
    inner / 4 % GROUP_SOURCE_VECTORS,
  );
}

fn loadB(tile: Tile, place: PlaceB, stretch: u32) -> vec4<f32> {
  let inner = stretch * TILE_INNER + place.inner;
  let tap = tapOf(tile, inner);
  let row = tile.rows.firstTap + tap.row * tile.rows.kernelStep;
  let column = tile.columns.firstTap + tap.column * tile.columns.kernelStep;
  // Beyond the last tap there is no channel.
  let channel = select(GROUP_SOURCE, inner % GROUP_SOURCE, inner < tile.inner);
  return weightAt(u32(row * KERNEL_WIDTH + column), tile.groupIndex, channel, place.column);
}

fn store(tile: Tile, row: u32, column: u32, value: vec4<f32>) {
  let channel = tile.firstColumn + column;
  if ((tile.firstPosition + row < tile.positions) & (channel < GROUP_RESULT)) {
    let position = positionOf(tile, row);
    let y = position.row * RESULT_STEP_Y + tile.rows.firstResult;
    let x = position.column * RESULT_STEP_X + tile.columns.firstResult;
    storePixel(position.image, u32(y), u32(x), tile.groupIndex, channel, value);
  }
}
