/**
 * Convolutions whose groups do not begin at whole vectors, other than depthwise ones: one
 * invocation sums each result, one workgroup each weight's gradient.
 */
import type { GraphNode } from "../../../graph/types.ts";
import { convolutionFlops, type ConvolutionGeometry } from "../../../ops/convolution_geometry.ts";
import { coverByGroups, type Lowering, type Ref, THREADS } from "../kernel.ts";
import forward from "./conv2d_direct_forward.wgsl" with { type: "text" };
import inputGradient from "./conv2d_direct_input_gradient.wgsl" with { type: "text" };
import weightGradient from "./conv2d_direct_weight_gradient.wgsl" with { type: "text" };
import { convolutionConstants, paddedChannels, sourceImage } from "./convolution.ts";
import { combineThreads } from "./reduce.ts";

/** Adds the dispatch of a forward convolution, or of an input gradient with padding by zeros. */
export function correlateDirectly(
  geometry: ConvolutionGeometry,
  isForward: boolean,
  { op, inputs: [source, weight, bias] }: GraphNode,
  result: Ref,
  lowering: Lowering,
): void {
  const { batch, inSize, outSize, inChannels, outChannels } = geometry;
  const [[height, width], channels] = isForward ? [outSize, outChannels] : [inSize, inChannels];
  lowering.eachItem({
    name: `${op.name} direct`,
    reads: { f32: { source, weight, bias } },
    writes: { f32: { result } },
    items: batch * height * width * paddedChannels(channels),
    flops: convolutionFlops(geometry),
    constants: { ...convolutionConstants(geometry, isForward), HAS_BIAS: bias !== undefined },
    wgsl: `${sourceImage(geometry, isForward)}\n${isForward ? forward : inputGradient}`,
  });
}

/** Adds the dispatch of a weight gradient. */
export function directWeightGradient(
  geometry: ConvolutionGeometry,
  { inputs: [source, dy], outputs: [result] }: GraphNode,
  lowering: Lowering,
): void {
  const { batch, groups, inChannels, outChannels, outSize, kernelSize } = geometry;
  const weights = outChannels * (inChannels / groups) * kernelSize[0] * kernelSize[1];
  lowering.dispatch({
    name: "conv2dWeightGradient direct",
    reads: { f32: { source, dy } },
    writes: { f32: { result } },
    workgroupSize: THREADS,
    workgroups: coverByGroups(weights),
    flops: convolutionFlops(geometry),
    constants: {
      ...convolutionConstants(geometry, true),
      WEIGHTS: weights,
      POSITIONS: batch * outSize[0] * outSize[1],
    },
    wgsl: [
      sourceImage(geometry, true),
      combineThreads("total", "f32"),
      weightGradient,
    ].join("\n"),
  });
}
