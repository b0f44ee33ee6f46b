/** Normalization of rows by their mean and variance, and its gradient: one workgroup per row. */
import { type GraphNode, sizeOf } from "../../../graph/types.ts";
import type { GroupNormalizeAttributes } from "../../../ops/row_normalize.ts";
import type { Order } from "../../layout.ts";
import { allIn, type KernelFamily, type Lowering } from "../kernel.ts";
import { float } from "../wgsl.ts";
import { combineThreads } from "./reduce.ts";
import distance from "./row_distance.wgsl" with { type: "text" };
import normalize from "./row_normalize.wgsl" with { type: "text" };
import normalizeGradient from "./row_normalize_gradient.wgsl" with { type: "text" };
import { eachRow } from "./rows.ts";

/** Rows are the channels of a pixel, channels last, or a group of channels of an image, plain. */
function lower({ op, inputs, outputs: [output], attributes }: GraphNode, lowering: Lowering): void {
  const { eps, groups } = attributes as GroupNormalizeAttributes;
  const isGradient = op.name.endsWith("Gradient");
  const { batch, channels, paddedChannels, pixels, order } = lowering.layout(output);
  const inGroup = sizeOf(output.shape) / batch / groups;
  const [rows, length, step] = order === "plain"
    ? [batch * groups, inGroup, inGroup]
    : [batch * pixels, channels, paddedChannels];
  const [x, dy] = inputs.toReversed();
  const sums = ["centreSum", "varianceSum", ...(isGradient ? ["levelSum", "slopeSum"] : [])];
  eachRow({
    name: op.name,
    shape: [rows, length],
    reads: { f32: isGradient ? { x, dy } : { x } },
    writes: { f32: { y: output } },
    constants: { STEP: step, SHARE: float(1 / length), EPS: float(eps) },
    wgsl: [
      ...sums.map((name) => combineThreads(name, "f32")),
      distance,
      isGradient ? normalizeGradient : normalize,
    ],
  }, lowering);
}

function family(op: string, order: Order): KernelFamily {
  return { ops: [op, `${op}Gradient`], orders: allIn(order), lower };
}

/** `pixelNormalize`, `groupNormalize` and their gradients. */
export const rowNormalize: readonly KernelFamily[] = [
  family("pixelNormalize", "channelsLast"),
  family("groupNormalize", "plain"),
];
