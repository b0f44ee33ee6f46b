/** Normalisation of rows by their own mean and variance, and its gradient: one workgroup a row. */
import { type GraphNode, sizeOf } from "../../../graph/types.ts";
import type { GroupNormalizeAttributes } from "../../../ops/row_normalize.ts";
import type { KernelFamily, Lowering } from "../kernel.ts";
import { float } from "../wgsl.ts";
import { combineThreads } from "./reduce.ts";
import distance from "./row_distance.wgsl" with { type: "text" };
import normalize from "./row_normalize.wgsl" with { type: "text" };
import normalizeGradient from "./row_normalize_gradient.wgsl" with { type: "text" };
import { addRowDispatch } from "./rows.ts";

/** Rows are the channels of a pixel, channels last, or a group of channels of an image, plain. */
function lower({ op, inputs, outputs: [output], attributes }: GraphNode, lowering: Lowering): void {
  const { eps, groups } = attributes as GroupNormalizeAttributes;
  const gradient = op.name.endsWith("Gradient");
  const { batch, channels, paddedChannels, pixels, order } = lowering.layout(output);
  const inGroup = sizeOf(output.shape) / batch / groups;
  const [rows, length, step] = order === "plain"
    ? [batch * groups, inGroup, inGroup]
    : [batch * pixels, channels, paddedChannels];
  const [x, dy] = inputs.toReversed();
  const operands = {
    ...lowering.reads("f32", { x, dy }),
    ...lowering.writes("f32", { y: output }),
  };
  const wgsl = [
    combineThreads("centreSum", "f32"),
    combineThreads("varianceSum", "f32"),
    distance,
    ...(gradient
      ? [combineThreads("levelSum", "f32"), combineThreads("slopeSum", "f32"), normalizeGradient]
      : [normalize]),
  ];
  addRowDispatch(op.name, [rows, length], operands, wgsl, lowering, {
    STEP: step,
    SHARE: float(1 / length),
    EPS: float(eps),
  });
}

function family(op: string, order: "plain" | "channelsLast"): KernelFamily {
  return {
    ops: [op, `${op}Gradient`],
    orders: ({ inputs, outputs }) => ({
      inputs: inputs.map(() => order),
      outputs: outputs.map(() => order),
    }),
    lower,
  };
}

/** `pixelNormalize`, `groupNormalize` and their gradients. */
export const rowNormalize: readonly KernelFamily[] = [
  family("pixelNormalize", "channelsLast"),
  family("groupNormalize", "plain"),
];
