// Staged weights of a tap: vectors of output channels, a line for each input channel.
const LINE_VECTORS = TILE_COLUMNS / 4;
const LINES = TILE_INNER;

fn loadWeight(tile: Tile, kernelTap: u32, stretch: u32, line: u32, vector: u32) -> vec4<f32> {
  let channel = stretch * TILE_INNER + line;
  let column = tile.firstColumn + vector * 4;
  var value = vec4<f32>();
  if ((channel < GROUP_SOURCE) & (column < GROUP_RESULT)) {
    let row = kernelTap * GROUP_IN + channel;
    value = weight(row * WEIGHT_VECTORS + (tile.groupIndex * GROUP_OUT + column) / 4);
  }
  return value;
}

fn ownWeight(firstColumn: u32) -> u32 {
  return firstColumn / 4;
}

fn vectorB(firstWeight: u32, j: u32, k: u32) -> vec4<f32> {
  return weights[firstWeight + k * LINE_VECTORS + j];
}
