/** Operands with one number per channel, used with activations. */

/** How activations are accessed. */
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
 * WGSL function that reads an operand's numbers for the channels of an element, from `channel`.
 * Past the last channel it repeats the last number, which is finite and affects no result.
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

/** WGSL function `NAME(channel, value)`: calls `store` for the existing channels of an element. */
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
