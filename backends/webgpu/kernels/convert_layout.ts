/** Puts a value from plain order into channels-last order, or back. */
import type { GraphNode } from "../../../graph/types.ts";
import { convertLayoutOp } from "../../layout.ts";
import { cover, type KernelFamily, type Lowering, THREADS } from "../kernel.ts";

function lower(node: GraphNode, lowering: Lowering): void {
  const [input] = node.inputs;
  const [output] = node.outputs;
  const from = lowering.layout(input);
  const to = lowering.layout(output);
  const { channels, pixels } = to;
  const { workgroups, index } = cover(to.elements);
  const padded = Math.max(from.paddedChannels, to.paddedChannels);
  const [type, zero] = input.dtype === "f32" ? ["f32", "0.0f"] as const : ["u32", "0u"] as const;
  lowering.phase({
    name: "convertLayout",
    operands: {
      x: { ref: lowering.ref(input), type },
      y: { ref: lowering.ref(output), type, write: true },
    },
    workgroupSize: THREADS,
    workgroups,
    code: ({ x, y }) => ({
      main: to.order === "channelsLast"
        ? `
let i = ${index};
if (i >= ${to.elements}u) { return; }
let channel = i % ${padded}u;
let pixel = i / ${padded}u % ${pixels}u;
let image = i / ${padded * pixels}u;
let source = (image * ${channels}u + min(channel, ${channels - 1}u)) * ${pixels}u + pixel;
${y.set("i", `select(${zero}, ${x.at("source")}, channel < ${channels}u)`)}`
        : `
let i = ${index};
if (i >= ${to.elements}u) { return; }
let pixel = i % ${pixels}u;
let channel = i / ${pixels}u % ${channels}u;
let image = i / ${channels * pixels}u;
${y.set("i", x.at(`(image * ${pixels}u + pixel) * ${padded}u + channel`))}`,
    }),
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
