/**
 * Convolutions whose groups do not begin at whole vectors, other than depthwise ones: each result is
 * summed by one invocation, each weight's gradient by one workgroup.
 */
import type { GraphNode } from "../../../graph/types.ts";
import { convolutionFlops, type ConvolutionGeometry } from "../../../ops/convolution_geometry.ts";
import { type Constants, coverByGroups, type Lowering, type Ref, THREADS } from "../kernel.ts";
import { pairConstants } from "../wgsl.ts";
import forward from "./conv2d_direct_forward.wgsl" with { type: "text" };
import inputGradient from "./conv2d_direct_input_gradient.wgsl" with { type: "text" };
import weightGradient from "./conv2d_direct_weight_gradient.wgsl" with { type: "text" };
import inputPixel from "./input_pixel.wgsl" with { type: "text" };
import { sourceImage } from "./correlation.ts";
import { paddedChannels } from "./packed_weight.ts";
import { combineThreads } from "./reduce.ts";

/** The constants of a convolution; `SOURCE_…` are those of the image read. */
function constantsOf(geometry: ConvolutionGeometry, sourceIs: "input" | "output"): Constants {
  const { groups, inChannels, outChannels, inSize, outSize, kernelSize } = geometry;
  const [sourceSize, sourceChannels] = sourceIs === "input"
    ? [inSize, inChannels]
    : [outSize, outChannels];
  return {
    SOURCE_HEIGHT: sourceSize[0],
    SOURCE_WIDTH: sourceSize[1],
    SOURCE_VECTORS: paddedChannels(sourceChannels),
    IN_CHANNELS: inChannels,
    IN_PADDED: paddedChannels(inChannels),
    OUT_CHANNELS: outChannels,
    OUT_PADDED: paddedChannels(outChannels),
    GROUP_IN: inChannels / groups,
    GROUP_OUT: outChannels / groups,
    ...pairConstants("IN", inSize),
    ...pairConstants("OUT", outSize),
    ...pairConstants("KERNEL", kernelSize),
    ...pairConstants("STRIDE", geometry.stride),
    ...pairConstants("PADDING", geometry.padding),
    ...pairConstants("DILATION", geometry.dilation),
  };
}

/** Adds the dispatch of a forward convolution; activations channels last, `weight` as it is. */
export function directForward(
  geometry: ConvolutionGeometry,
  { inputs: [source, weight, bias], outputs: [output] }: GraphNode,
  lowering: Lowering,
): void {
  const { batch, outChannels, outSize, paddingMode } = geometry;
  lowering.eachItem({
    name: "conv2d direct",
    operands: {
      ...lowering.reads("f32", { source, weight }),
      ...lowering.writes("f32", { output }),
      ...lowering.reads("f32", { bias }),
    },
    items: batch * outSize[0] * outSize[1] * paddedChannels(outChannels),
    flops: convolutionFlops(geometry),
    constants: constantsOf(geometry, "input"),
    wgsl: [sourceImage(paddingMode), inputPixel, bias ? BIAS : NO_BIAS, forward].join("\n"),
  });
}

const BIAS = "fn startOf(o: u32) -> f32 { return bias(o); }";
const NO_BIAS = "fn startOf(o: u32) -> f32 { return 0.0f; }";

/** Adds the dispatch of an input gradient of a convolution that pads with zeros. */
export function directInputGradient(
  geometry: ConvolutionGeometry,
  { inputs: [source, weight] }: GraphNode,
  result: Ref,
  lowering: Lowering,
): void {
  const { batch, inChannels, inSize } = geometry;
  lowering.eachItem({
    name: "conv2dInputGradient direct",
    operands: {
      ...lowering.reads("f32", { source, weight }),
      ...lowering.writes("f32", { result }),
    },
    items: batch * inSize[0] * inSize[1] * paddedChannels(inChannels),
    flops: convolutionFlops(geometry),
    constants: constantsOf(geometry, "output"),
    wgsl: `${sourceImage("zeros")}\n${inputGradient}`,
  });
}

/** Adds the dispatch of a weight gradient. */
export function directWeightGradient(
  geometry: ConvolutionGeometry,
  { inputs: [source, dy], outputs: [result] }: GraphNode,
  lowering: Lowering,
): void {
  const { batch, groups, inChannels, outChannels, outSize, kernelSize, paddingMode } = geometry;
  const weights = outChannels * (inChannels / groups) * kernelSize[0] * kernelSize[1];
  lowering.dispatch({
    name: "conv2dWeightGradient direct",
    operands: { ...lowering.reads("f32", { source, dy }), ...lowering.writes("f32", { result }) },
    workgroupSize: THREADS,
    workgroups: coverByGroups(weights),
    flops: convolutionFlops(geometry),
    constants: {
      ...constantsOf(geometry, "input"),
      WEIGHTS: weights,
      POSITIONS: batch * outSize[0] * outSize[1],
    },
    wgsl: [
      sourceImage(paddingMode),
      inputPixel,
      combineThreads("total", "f32"),
      weightGradient,
    ].join("\n"),
  });
}
