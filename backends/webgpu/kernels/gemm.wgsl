// The tiled product of matrices. Before it stand
// - `Tile`, what all of a workgroup have in common: `tileOf(group)`;
// - `stretchesOf(tile)`, the stretches of TILE_INNER that are summed;
// - `PlaceA`, what a load of factor A needs that no stretch changes: `placeA(tile, place, inner)`, of
//   the vector that begins at `place` of the tile's rows and at `inner` of a stretch;
// - `loadA(tile, place, stretch)`, that vector of a stretch, zero outside the factor;
// - the same of factor B, of columns instead of rows;
// - `store(tile, row, column, value)`, which stores four results from `column` of the tile on.
var<workgroup> stagedA: array<vec4<f32>, LINES_A * PITCH_A>;
var<workgroup> stagedB: array<vec4<f32>, LINES_B * PITCH_B>;

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
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
