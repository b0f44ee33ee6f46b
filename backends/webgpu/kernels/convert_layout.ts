/** Puts a value from plain order into channels-last order, or back. */
import type { GraphNode } from "../../../graph/types.ts";
import { convertLayoutOp } from "../../layout.ts";
import type { KernelFamily, Lowering } from "../kernel.ts";

function lower(node: GraphNode, lowering: Lowering): void {
  const { inputs: [x], outputs: [y] } = node;
  const from = lowering.layout(x);
  const to = lowering.layout(y);
  const { channels, pixels } = to;
  const padded = Math.max(from.paddedChannels, to.paddedChannels);
  const [type, zero] = x.dtype === "f32" ? ["f32", "0.0f"] as const : ["u32", "0u"] as const;
  lowering.eachItem({
    name: "convertLayout",
    operands: { ...lowering.reads(type, { x }), ...lowering.writes(type, { y }) },
    items: to.elements,
    main: ({ x, y }) =>
      to.order === "channelsLast"
        ? `
let channel = i % ${padded}u;
let pixel = i / ${padded}u % ${pixels}u;
let image = i / ${padded * pixels}u;
let source = (image * ${channels}u + min(channel, ${channels - 1}u)) * ${pixels}u + pixel;
${y.set("i", `select(${zero}, ${x.at("source")}, channel < ${channels}u)`)}`
        : `
let pixel = i % ${pixels}u;
let channel = i / ${pixels}u % ${channels}u;
let image = i / ${channels * pixels}u;
${y.set("i", x.at(`(image * ${pixels}u + pixel) * ${padded}u + channel`))}`,
  });
}

/** The kernel of layout conversions. */
export const convertLayout: KernelFamily = {
  ops: [convertLayoutOp.name],
  orders: ({ attributes: { order } }) => ({
    inputs: [order === "plain" ? "channelsLast" : "plain"],
    outputs: [order],
  }),
  lower,
};
