struct Tile { firstRow: u32, firstColumn: u32 }

fn tileOf(group: vec3<u32>) -> Tile {
  let index = group.y * GROUPS_X + group.x;
  return Tile(index / COLUMN_TILES * TILE_ROWS, index % COLUMN_TILES * TILE_COLUMNS);
}

fn stretchesOf(tile: Tile) -> u32 {
  return STRETCHES;
}

struct PlaceA { row: u32, inner: u32 }

fn placeA(tile: Tile, place: u32, inner: u32) -> PlaceA {
  return PlaceA(tile.firstRow + place, inner);
}

fn loadA(tile: Tile, place: PlaceA, stretch: u32) -> vec4<f32> {
  let inner = stretch * TILE_INNER + place.inner;
  return readA(select(place.row, inner, TRANSPOSE_A), select(inner, place.row, TRANSPOSE_A));
}

fn loadB(tile: Tile, place: PlaceB, stretch: u32) -> vec4<f32> {
  let inner = stretch * TILE_INNER + place.inner;
  return readB(select(inner, place.column, TRANSPOSE_B), select(place.column, inner, TRANSPOSE_B));
}

fn store(tile: Tile, row: u32, column: u32, values: vec4<f32>) {
  let y = tile.firstRow + row;
  for (var lane = 0u; lane < 4; lane++) {
    let x = tile.firstColumn + column + lane;
    if ((y < ROWS) & (x < COLUMNS)) {
      var value = values[lane];
      if (HAS_BIAS) { value += bias(x); }
      storeResult(select(y * COLUMNS + x, x * ROWS + y, TRANSPOSE_RESULT), value);
    }
  }
}
