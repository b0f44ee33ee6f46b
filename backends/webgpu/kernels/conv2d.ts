/** Convolution, its input gradient and its weight gradient. */
import type { GraphNode } from "../../../graph/types.ts";
import {
  type ConvolutionGeometry,
  convolutionGeometry,
} from "../../../ops/convolution_geometry.ts";
import { forwardComponent, inputGradientComponents } from "../../../ops/polyphase.ts";
import type { Order } from "../../layout.ts";
import type { KernelFamily, Lowering, Ref } from "../kernel.ts";
import { correlateChannels, isDepthwise } from "./conv2d_depthwise.ts";
import { depthwiseWeightGradient } from "./conv2d_depthwise_weight_gradient.ts";
import { correlateDirectly, directWeightGradient } from "./conv2d_direct.ts";
import { addPaddingGradients, paddedGeometry } from "./conv2d_fold_padding.ts";
import { correlate, correlationTiles, hasVectorGroups } from "./conv2d_gemm.ts";
import { correlatePatches, patchVariants } from "./conv2d_patch.ts";
import { weightGradient, weightTiles } from "./conv2d_weight_gradient.ts";
import { weightGradientPatches, weightPatchVariants } from "./conv2d_weight_gradient_patch.ts";
import { packWeight } from "./convolution.ts";
import type { Correlation } from "./correlation.ts";

function lowerForward(node: GraphNode, lowering: Lowering): void {
  const [input, weight, bias] = node.inputs;
  const geometry = convolutionGeometry(input.shape, weight.shape, node.attributes);
  const result = lowering.ref(node.outputs[0]);
  if (isDirect(geometry)) return correlateDirectly(geometry, true, node, result, lowering);
  addCorrelation({
    name: "conv2d",
    geometry,
    isForward: true,
    rows: [forwardComponent(geometry, 0)],
    columns: [forwardComponent(geometry, 1)],
    source: lowering.ref(input),
    result,
    weight: packWeight(geometry, weight, lowering),
    bias: bias && lowering.ref(bias),
  }, lowering);
}

function isDirect(geometry: ConvolutionGeometry): boolean {
  return !isDepthwise(geometry) && !hasVectorGroups(geometry);
}

function addCorrelation(correlation: Correlation, lowering: Lowering): void {
  if (isDepthwise(correlation.geometry)) return correlateChannels(correlation, lowering);
  const patches = patchVariants(correlation, lowering.software);
  const tiles = correlationTiles(correlation);
  // Patches that fit are nearly always faster, so few of the others are worth trying.
  const chosen = lowering.choose(patches.length > 0 ? [...patches, tiles[0]] : tiles);
  if ("patches" in chosen) correlatePatches(correlation, chosen.patches, lowering);
  else correlate(correlation, chosen.tile, lowering);
}

function lowerInputGradient(node: GraphNode, lowering: Lowering): void {
  const [, weight] = node.inputs;
  const geometry = convolutionGeometry(node.attributes.inputShape, weight.shape, node.attributes);
  const dx = lowering.ref(node.outputs[0]);
  if (geometry.paddingMode === "zeros") {
    return lowerZeroPaddedGradient(node, geometry, dx, lowering);
  }
  const padded = paddedGeometry(geometry);
  const gradient = lowering.scratch(padded.bytes, "gradient with padding");
  lowerZeroPaddedGradient(node, padded.geometry, gradient, lowering);
  addPaddingGradients(geometry, gradient, dx, lowering);
}

function lowerZeroPaddedGradient(
  node: GraphNode,
  geometry: ConvolutionGeometry,
  result: Ref,
  lowering: Lowering,
): void {
  const [dy, weight] = node.inputs;
  if (isDirect(geometry)) return correlateDirectly(geometry, false, node, result, lowering);
  addCorrelation({
    name: "conv2dInputGradient",
    geometry,
    isForward: false,
    rows: inputGradientComponents(geometry, 0),
    columns: inputGradientComponents(geometry, 1),
    source: lowering.ref(dy),
    result,
    weight: packWeight(geometry, weight, lowering),
  }, lowering);
}

function lowerWeightGradient(node: GraphNode, lowering: Lowering): void {
  const [input, dy] = node.inputs;
  const geometry = convolutionGeometry(input.shape, node.attributes.weightShape, node.attributes);
  if (isDepthwise(geometry)) return depthwiseWeightGradient(geometry, node, lowering);
  if (!hasVectorGroups(geometry)) return directWeightGradient(geometry, node, lowering);
  const refs = {
    source: lowering.ref(input),
    dy: lowering.ref(dy),
    result: lowering.ref(node.outputs[0]),
  };
  const patches = weightPatchVariants(geometry, lowering.software), tiles = weightTiles(geometry);
  const chosen = lowering.choose(patches.length > 0 ? [...patches, tiles[0]] : tiles);
  if ("patches" in chosen) weightGradientPatches(geometry, chosen.patches, refs, lowering);
  else weightGradient(geometry, chosen.tile, refs, lowering);
}

function orders(inputs: Order[], output: Order): KernelFamily["orders"] {
  return (node) => ({ inputs: inputs.slice(0, node.inputs.length), outputs: [output] });
}

/** Convolution and its gradients by the input and by the weight. */
export const convolutions: readonly KernelFamily[] = [
  {
    ops: ["conv2d"],
    orders: orders(["channelsLast", "plain", "plain"], "channelsLast"),
    lower: lowerForward,
  },
  {
    ops: ["conv2dInputGradient"],
    orders: orders(["channelsLast", "plain"], "channelsLast"),
    lower: lowerInputGradient,
  },
  {
    ops: ["conv2dWeightGradient"],
    pooled: true,
    orders: orders(["channelsLast", "channelsLast"], "plain"),
    lower: lowerWeightGradient,
  },
];
