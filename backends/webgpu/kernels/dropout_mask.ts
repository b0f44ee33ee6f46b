/** The random mask of dropout, drawn with the generator of `graph/random.ts`. */
import type { GraphNode } from "../../../graph/types.ts";
import { type DropoutMaskAttributes, dropThreshold } from "../../../ops/dropout_mask.ts";
import type { KernelFamily, Lowering } from "../kernel.ts";
import { float } from "../wgsl.ts";
import wgsl from "./dropout_mask.wgsl" with { type: "text" };

function lower({ inputs: [step], outputs: [mask], attributes }: GraphNode, lowering: Lowering) {
  const { p, stream } = attributes as DropoutMaskAttributes;
  lowering.eachItem({
    name: "dropoutMask",
    reads: { i32: { step } },
    writes: { f32: { mask } },
    items: lowering.layout(mask).elements,
    constants: {
      STREAM: `${stream}u`,
      DROP_THRESHOLD: `${dropThreshold(p)}u`,
      KEPT: float(1 / (1 - p)),
    },
    wgsl,
  });
}

/** The kernel of `dropoutMask`: plain, since elements are drawn by their index in the shape. */
export const dropoutMask: KernelFamily = { ops: ["dropoutMask"], lower };
