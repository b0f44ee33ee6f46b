// Stores the partial sums of a row, which is a tap and an input channel, and of four output channels.
fn storePartialSums(tile: Tile, kernelRow: u32, channel: u32, value: vec4<f32>) {
  let row = (tile.part * GROUPS + tile.groupIndex) * ROWS + kernelRow;
  storePartial(row * (GROUP_OUT / 4) + channel / 4, value);
}
