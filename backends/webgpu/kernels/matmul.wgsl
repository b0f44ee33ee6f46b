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
  return vectorOfA(place.row, stretch * TILE_INNER + place.inner);
}

struct PlaceB { column: u32, inner: u32 }

fn placeB(tile: Tile, place: u32, inner: u32) -> PlaceB {
  return PlaceB(tile.firstColumn + place, inner);
}

fn loadB(tile: Tile, place: PlaceB, stretch: u32) -> vec4<f32> {
  return vectorOfB(stretch * TILE_INNER + place.inner, place.column);
}

fn store(tile: Tile, row: u32, column: u32, value: vec4<f32>) {
  let resultRow = tile.firstRow + row;
  for (var lane = 0u; lane < 4; lane++) {
    let resultColumn = tile.firstColumn + column + lane;
    if ((resultRow < ROWS) & (resultColumn < COLUMNS)) {
      storeResult(resultPlace(resultRow, resultColumn), biased(value[lane], resultColumn));
    }
  }
}
