struct Tile {
  part: u32,
  groupIndex: u32,
  firstRow: u32,
  firstColumn: u32,
  // Positions of the part.
  firstPosition: u32,
  endPosition: u32,
}

fn tileOf(group: vec3<u32>) -> Tile {
  let firstPosition = group.z * PART_POSITIONS;
  return Tile(
    group.z,
    group.y,
    group.x / COLUMN_TILES * TILE_ROWS,
    group.x % COLUMN_TILES * TILE_COLUMNS,
    firstPosition,
    min(firstPosition + PART_POSITIONS, POSITIONS),
  );
}

fn stretchesOf(tile: Tile) -> u32 {
  return (tile.endPosition - tile.firstPosition + TILE_INNER - 1) / TILE_INNER;
}

// Four input channels at a tap: where the tap lies for the first position.
struct PlaceA { kernelRow: u32, tapRow: i32, tapColumn: i32, inner: u32 }

fn placeA(tile: Tile, place: u32, inner: u32) -> PlaceA {
  let kernelRow = tile.firstRow + place;
  let tap = i32(kernelRow / GROUP_IN);
  return PlaceA(
    kernelRow,
    tap / KERNEL_WIDTH * DILATION_Y - PADDING_Y,
    tap % KERNEL_WIDTH * DILATION_X - PADDING_X,
    inner,
  );
}

fn loadA(tile: Tile, place: PlaceA, stretch: u32) -> vec4<f32> {
  let position = tile.firstPosition + stretch * TILE_INNER + place.inner;
  let image = position / (OUT_HEIGHT * OUT_WIDTH);
  let row = i32(position / OUT_WIDTH % OUT_HEIGHT) * STRIDE_Y + place.tapRow;
  let column = i32(position % OUT_WIDTH) * STRIDE_X + place.tapColumn;
  let y = borderAt(row, SOURCE_HEIGHT);
  let x = borderAt(column, SOURCE_WIDTH);
  var value = vec4<f32>();
  if ((position < tile.endPosition) & (place.kernelRow < ROWS) & isInside(y, x)) {
    let vector = tile.groupIndex * (GROUP_IN / 4) + place.kernelRow % GROUP_IN / 4;
    value = source(sourcePixel(image, y, x) + vector);
  }
  return value;
}

struct PlaceB { channel: u32, inner: u32 }

fn placeB(tile: Tile, place: u32, inner: u32) -> PlaceB {
  return PlaceB(tile.firstColumn + place, inner);
}

fn loadB(tile: Tile, place: PlaceB, stretch: u32) -> vec4<f32> {
  let position = tile.firstPosition + stretch * TILE_INNER + place.inner;
  var value = vec4<f32>();
  if ((position < tile.endPosition) & (place.channel < GROUP_OUT)) {
    value = dy(position * OUT_VECTORS + (tile.groupIndex * GROUP_OUT + place.channel) / 4);
  }
  return value;
}

fn store(tile: Tile, row: u32, column: u32, value: vec4<f32>) {
  let kernelRow = tile.firstRow + row;
  let channel = tile.firstColumn + column;
  if ((kernelRow < ROWS) & (channel < GROUP_OUT)) {
    storePartialSums(tile, kernelRow, channel, value);
  }
}
