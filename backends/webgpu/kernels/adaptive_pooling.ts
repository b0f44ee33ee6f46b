/** Average pooling to a given size and its gradient: one invocation per vector of a pixel. */
import type { GraphNode } from "../../../graph/types.ts";
import { allIn, type KernelFamily, type Lowering } from "../kernel.ts";
import wgsl from "./adaptive_pooling.wgsl" with { type: "text" };
import { eachPixel } from "./pixels.ts";

function lower({ op, inputs: [input], outputs: [output] }: GraphNode, lowering: Lowering): void {
  eachPixel(output.shape, [input.shape[2], input.shape[3]], {
    name: op.name,
    reads: { "vec4<f32>": { input } },
    writes: { "vec4<f32>": { output } },
    constants: { IS_GRADIENT: op.name.endsWith("Gradient") },
    wgsl: [wgsl],
  }, lowering);
}

/** The pool and its gradient. */
export const adaptivePool: KernelFamily = {
  ops: ["adaptiveAvgPool2d", "adaptiveAvgPool2dGradient"],
  orders: allIn("channelsLast"),
  lower,
};
