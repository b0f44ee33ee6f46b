// Four output channels of a tap and an input channel: the product sums along them.
fn loadB(tile: Tile, place: PlaceB, stretch: u32) -> vec4<f32> {
  let innerVector = stretch * INNER_VECTORS + place.inner / 4;
  let tap = tapOf(tile, innerVector);
  var value = vec4<f32>();
  if ((innerVector < tile.innerVectors) & (place.channel < GROUP_RESULT)) {
    let row = kernelTap(tile, tap) * GROUP_IN + place.channel;
    let outputs = tile.groupIndex * (GROUP_OUT / 4) + innerVector % GROUP_SOURCE_VECTORS;
    value = weight(row * WEIGHT_VECTORS + outputs);
  }
  return value;
}
