/** Images of a batch that are partly overwritten, or mixed with each other. */
import type { GraphNode } from "../../../graph/types.ts";
import { BOX_FIELDS } from "../../../ops/erase.ts";
import { MIX_FIELDS } from "../../../ops/mix.ts";
import type { NodeOrders } from "../../layout.ts";
import type { KernelFamily, Lowering } from "../kernel.ts";
import erase from "./erase.wgsl" with { type: "text" };
import mix from "./mix.wgsl" with { type: "text" };
import { eachPixel } from "./pixels.ts";

/** The images channels last, other operands plain. */
const orders = (): NodeOrders => ({
  inputs: ["channelsLast", "plain", "plain"],
  outputs: ["channelsLast"],
});

function lower({ op, inputs, outputs: [output] }: GraphNode, lowering: Lowering): void {
  const [input, fields, values] = inputs;
  const isErase = op.name === "erase";
  eachPixel(output.shape, [0, 0], {
    name: op.name,
    reads: { "vec4<f32>": { input }, i32: { fields }, f32: { values } },
    writes: { "vec4<f32>": { output } },
    constants: { FIELDS: isErase ? BOX_FIELDS : MIX_FIELDS, VALUES: values.shape[0] },
    wgsl: [isErase ? erase : mix],
  }, lowering);
}

/** The kernels of `erase` and `mix`. */
export const batchChanges: KernelFamily = { ops: ["erase", "mix"], orders, lower };
