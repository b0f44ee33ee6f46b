/** Images of a batch partly overwritten, and mixed with each other. */
import type { GraphNode } from "../../../graph/types.ts";
import { BOX_FIELDS } from "../../../ops/erase.ts";
import { MIX_FIELDS } from "../../../ops/mix.ts";
import type { NodeOrders } from "../../layout.ts";
import type { KernelFamily, Lowering } from "../kernel.ts";
import erase from "./erase.wgsl" with { type: "text" };
import mix from "./mix.wgsl" with { type: "text" };

/** The images channels last, all else plain. */
const orders = (): NodeOrders => ({
  inputs: ["channelsLast", "plain", "plain"],
  outputs: ["channelsLast"],
});

/** How many items there are of four channels of a pixel each, and constants of where they lie. */
function placesOf({ outputs: [output] }: GraphNode, lowering: Lowering) {
  const [batch, channels, height, width] = output.shape;
  const vectors = lowering.layout(output).paddedChannels / 4;
  return {
    items: batch * height * width * vectors,
    constants: { BATCH: batch, CHANNELS: channels, HEIGHT: height, WIDTH: width, VECTORS: vectors },
  };
}

function lowerErase(node: GraphNode, lowering: Lowering): void {
  const { inputs: [input, boxes, values], outputs: [output] } = node;
  const { items, constants } = placesOf(node, lowering);
  lowering.eachItem({
    name: "erase",
    operands: {
      ...lowering.reads("vec4<f32>", { input }),
      ...lowering.reads("i32", { boxes }),
      ...lowering.reads("f32", { values }),
      ...lowering.writes("vec4<f32>", { output }),
    },
    items,
    constants: { ...constants, FIELDS: BOX_FIELDS, VALUES: values.shape[0] },
    wgsl: erase,
  });
}

function lowerMix(node: GraphNode, lowering: Lowering): void {
  const { inputs: [input, partners, shares], outputs: [output] } = node;
  const { items, constants } = placesOf(node, lowering);
  lowering.eachItem({
    name: "mix",
    operands: {
      ...lowering.reads("vec4<f32>", { input }),
      ...lowering.reads("i32", { partners }),
      ...lowering.reads("f32", { shares }),
      ...lowering.writes("vec4<f32>", { output }),
    },
    items,
    constants: { ...constants, FIELDS: MIX_FIELDS },
    wgsl: mix,
  });
}

/** The kernels of `erase` and `mix`. */
export const batchChanges: readonly KernelFamily[] = [
  { ops: ["erase"], orders, lower: lowerErase },
  { ops: ["mix"], orders, lower: lowerMix },
];
