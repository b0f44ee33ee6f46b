/** Numbers of which there is one a channel, read beside activations. */
import type { Accessor } from "../kernel.ts";

/**
 * WGSL that reads the numbers of the four channels from `channel` on, or of that one if `width` is
 * 1. Past the last channel it repeats the last: finite, and nobody's result.
 */
export function channelVector(
  operand: Accessor,
  channel: string,
  width: 1 | 4,
  channels: number,
): string {
  if (width === 1) return operand.at(channel);
  const lanes = [0, 1, 2, 3].map((lane) =>
    operand.at(
      channels % 4 === 0 ? `${channel} + ${lane}u` : `min(${channel} + ${lane}u, ${channels - 1}u)`,
    )
  );
  return `vec4<f32>(${lanes.join(", ")})`;
}

/** WGSL that stores `value` as the numbers of the channels from `channel` on, no further than the last. */
export function storeChannels(
  operand: Accessor,
  channel: string,
  value: string,
  width: 1 | 4,
  channels: number,
): string {
  if (width === 1) return operand.set(channel, value);
  return [0, 1, 2, 3].map((lane) => {
    const store = operand.set(`${channel} + ${lane}u`, `${value}[${lane}u]`);
    return channels % 4 === 0 ? store : `if (${channel} + ${lane}u < ${channels}u) { ${store} }`;
  }).join("\n");
}
