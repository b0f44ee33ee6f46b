/** Converts a value from plain to channels-last order, or back. */
import type { GraphNode } from "../../../graph/types.ts";
import { convertLayoutOp } from "../../layout.ts";
import type { KernelFamily, Lowering } from "../kernel.ts";

function lower(node: GraphNode, lowering: Lowering): void {
  const { inputs: [x], outputs: [y] } = node;
  const from = lowering.layout(x);
  const to = lowering.layout(y);
  const { channels, pixels } = to;
  const type = x.dtype === "f32" ? "f32" : "u32";
  lowering.eachItem({
    name: "convertLayout",
    reads: { [type]: { x } },
    writes: { [type]: { y } },
    items: to.elements,
    constants: {
      CHANNELS: channels,
      PADDED_CHANNELS: Math.max(from.paddedChannels, to.paddedChannels),
      PIXELS: pixels,
      ZERO: `${type}()`,
    },
    wgsl: to.order === "channelsLast" ? TO_CHANNELS_LAST : TO_PLAIN,
  });
}

const TO_CHANNELS_LAST = `
fn item(i: u32) {
  let channel = i % PADDED_CHANNELS;
  let pixel = i / PADDED_CHANNELS % PIXELS;
  let image = i / (PADDED_CHANNELS * PIXELS);
  let place = (image * CHANNELS + min(channel, CHANNELS - 1)) * PIXELS + pixel;
  storeY(i, select(ZERO, x(place), channel < CHANNELS));
}`;

const TO_PLAIN = `
fn item(i: u32) {
  let pixel = i % PIXELS;
  let channel = i / PIXELS % CHANNELS;
  let image = i / (CHANNELS * PIXELS);
  storeY(i, x((image * PIXELS + pixel) * PADDED_CHANNELS + channel));
}`;

/** The kernel of layout conversions. */
export const convertLayout: KernelFamily = {
  ops: [convertLayoutOp.name],
  orders: ({ attributes: { order } }) => ({
    inputs: [order === "plain" ? "channelsLast" : "plain"],
    outputs: [order],
  }),
  lower,
};
