// Four output channels of the kernel at a tap, for a group's channels of source and result.
fn weightAt(tap: u32, groupIndex: u32, sourceChannel: u32, resultChannel: u32) -> vec4<f32> {
  var value = vec4<f32>();
  if ((sourceChannel < GROUP_SOURCE) & (resultChannel < GROUP_RESULT)) {
    let c = select(resultChannel, sourceChannel, IS_FORWARD);
    let o = select(sourceChannel, resultChannel, IS_FORWARD);
    value = weight((tap * GROUP_IN + c) * WEIGHT_VECTORS + (groupIndex * GROUP_OUT + o) / 4);
  }
  return value;
}

// Stores four channels of a pixel of the result, from `channel` of a group, plus their bias.
fn storePixel(image: u32, y: u32, x: u32, groupIndex: u32, channel: u32, value: vec4<f32>) {
  let pixel = (image * RESULT_HEIGHT + y) * RESULT_WIDTH + x;
  let place = pixel * RESULT_VECTORS + (groupIndex * GROUP_RESULT + channel) / 4;
  if (HAS_BIAS) {
    storeResult(place, value + biasOf(groupIndex * GROUP_OUT + channel));
  } else {
    storeResult(place, value);
  }
}
