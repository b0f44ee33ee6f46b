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

// Four input channels at a tap: where the tap is for the first position.
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
  return sourceAt(
    (position < tile.endPosition) & (place.kernelRow < ROWS),
    position / (RESULT_HEIGHT * RESULT_WIDTH),
    i32(position / RESULT_WIDTH % RESULT_HEIGHT) * STRIDE_Y + place.tapRow,
    i32(position % RESULT_WIDTH) * STRIDE_X + place.tapColumn,
    tile.groupIndex,
    place.kernelRow % GROUP_IN / 4,
  );
}

fn loadB(tile: Tile, place: PlaceB, stretch: u32) -> vec4<f32> {
  let position = tile.firstPosition + stretch * TILE_INNER + place.inner;
  return gradientAt(position < tile.endPosition, position, tile.groupIndex, place.column);
}

fn store(tile: Tile, row: u32, column: u32, value: vec4<f32>) {
  let kernelRow = tile.firstRow + row;
  if (kernelRow < ROWS) {
    storePartialSums(tile.part, tile.groupIndex, kernelRow, tile.firstColumn + column, value);
  }
}
