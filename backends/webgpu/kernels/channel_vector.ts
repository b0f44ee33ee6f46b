/** Numbers of which there is one a channel, read beside activations. */

/** How activations are seen. */
export interface ChannelWidth {
  /** Channels of an element. */
  readonly width: 1 | 4;
  /** Channels of a pixel, without padding. */
  readonly channels: number;
}

/** The function that {@link readChannels} declares. */
export function channelReader(operand: string): string {
  return `${operand}Of`;
}

/**
 * WGSL function that reads an operand's numbers of the channels from `channel` on, as many as an
 * element has. Past the last channel it repeats the last: finite, and nobody's result.
 */
export function readChannels(operand: string, { width, channels }: ChannelWidth): string {
  const number = (lane: number) => {
    const channel = lane === 0 ? "channel" : `channel + ${lane}`;
    return `${operand}(${channels % width === 0 ? channel : `min(${channel}, ${channels - 1})`})`;
  };
  const name = channelReader(operand);
  return width === 1
    ? `fn ${name}(channel: u32) -> f32 { return ${number(0)}; }`
    : `fn ${name}(channel: u32) -> vec4<f32> {
  return vec4<f32>(${[0, 1, 2, 3].map(number).join(", ")});
}`;
}

/** WGSL function `NAME(channel, value)` that stores by `store` the numbers of channels, no further than the last. */
export function storeChannels(
  name: string,
  store: string,
  { width, channels }: ChannelWidth,
): string {
  if (width === 1) return `fn ${name}(channel: u32, value: f32) { ${store}(channel, value); }`;
  const lanes = ["x", "y", "z", "w"].map((lane, i) => {
    const statement = `${store}(channel + ${i}, value.${lane});`;
    return channels % 4 === 0 ? statement : `if (channel + ${i} < ${channels}) { ${statement} }`;
  });
  return `fn ${name}(channel: u32, value: vec4<f32>) {\n  ${lanes.join("\n  ")}\n}`;
}
