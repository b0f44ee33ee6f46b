// Staged weights of a tap: vectors of output channels, a line for each input channel of the result.
const LINE_VECTORS = TILE_INNER / 4;
const LINES = TILE_COLUMNS;

fn loadWeight(tile: Tile, kernelTap: u32, stretch: u32, line: u32, vector: u32) -> vec4<f32> {
  let channel = tile.firstColumn + line;
  let outputs = stretch * LINE_VECTORS + vector;
  var value = vec4<f32>();
  if ((outputs < GROUP_SOURCE / 4) & (channel < GROUP_RESULT)) {
    let row = kernelTap * GROUP_IN + channel;
    value = weight(row * WEIGHT_VECTORS + tile.groupIndex * (GROUP_OUT / 4) + outputs);
  }
  return value;
}

fn ownWeight(firstColumn: u32) -> u32 {
  return firstColumn * LINE_VECTORS;
}

fn vectorB(firstWeight: u32, j: u32, k: u32) -> vec4<f32> {
  return weights[firstWeight + j * LINE_VECTORS + k];
}
