// Four output channels of a tap and an input channel.
fn loadB(tile: Tile, place: PlaceB, stretch: u32) -> vec4<f32> {
  let inner = stretch * TILE_INNER + place.inner;
  let tap = tapOf(tile, inner / 4);
  var value = vec4<f32>();
  if ((inner / 4 < tile.innerVectors) & (place.channel < GROUP_RESULT)) {
    let row = kernelTap(tile, tap) * GROUP_IN + inner % GROUP_SOURCE;
    value = weight(row * WEIGHT_VECTORS + (tile.groupIndex * GROUP_OUT + place.channel) / 4);
  }
  return value;
}
