// The gradient of four output channels at a position; zero beyond the group's channels.
fn gradientAt(isUsed: bool, position: u32, groupIndex: u32, channel: u32) -> vec4<f32> {
  var value = vec4<f32>();
  if (isUsed & (channel < GROUP_OUT)) {
    value = dy(position * RESULT_VECTORS + (groupIndex * GROUP_OUT + channel) / 4);
  }
  return value;
}

// Stores the sums of four output channels at a row of the kernel: a tap and an input channel.
fn storePartialSums(part: u32, groupIndex: u32, kernelRow: u32, channel: u32, value: vec4<f32>) {
  if (channel < GROUP_OUT) {
    let row = (part * GROUPS + groupIndex) * ROWS + kernelRow;
    storePartial(row * (GROUP_OUT / 4) + channel / 4, value);
  }
}
