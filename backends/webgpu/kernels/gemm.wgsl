// The tiled product of matrices. Defined before it are
// - `Tile`, common to all invocations of a workgroup: `tileOf(group)`; it has a `firstColumn`;
// - `stretchesOf(tile)`, the number of stretches of TILE_INNER that are summed;
// - `PlaceA`, the part of a load of factor A that no stretch changes: `placeA(tile, place, inner)`
//   for the vector that begins at `place` of the tile's rows and at `inner` of a stretch;
// - `loadA(tile, place, stretch)`, that vector of a stretch, zero outside the factor;
// - `loadB(tile, place, stretch)`, the same of factor B, of columns instead of rows;
// - `store(tile, row, column, value)`, which stores four results from `column` of the tile.
var<workgroup> stagedA: array<vec4<f32>, LINES_A * PITCH_A>;
var<workgroup> stagedB: array<vec4<f32>, LINES_B * PITCH_B>;

struct PlaceB { column: u32, inner: u32 }

fn placeB(tile: Tile, place: u32, inner: u32) -> PlaceB {
  return PlaceB(tile.firstColumn + place, inner);
}

fn vectorA(firstRow: u32, i: u32, k: u32) -> vec4<f32> {
  let along = (firstRow + i) * PITCH_A + k;
  return stagedA[select(k * PITCH_A + firstRow / 4 + i, along, ALONG_INNER_A)];
}

fn vectorB(firstColumn: u32, j: u32, k: u32) -> vec4<f32> {
  let along = (firstColumn + j) * PITCH_B + k;
  return stagedB[select(k * PITCH_B + firstColumn / 4 + j, along, ALONG_INNER_B)];
}

fn computeGroup(group: vec3<u32>, thread: u32) {
  let tile = tileOf(group);
  let stretches = stretchesOf(tile);
  let firstRow = thread / THREADS_ACROSS * THREAD_ROWS;
  let firstColumn = thread % THREADS_ACROSS * THREAD_COLUMNS;
  let ownA = vectorsA(tile, thread);
  let ownB = vectorsB(tile, thread);
  var sums = Sums();
  for (var stretch = 0u; stretch < stretches; stretch++) {
    stageA(tile, ownA, thread, stretch);
    stageB(tile, ownB, thread, stretch);
    workgroupBarrier();
    addProducts(&sums, firstRow, firstColumn);
    workgroupBarrier();
  }
  storeSums(tile, firstRow, firstColumn, &sums);
}
