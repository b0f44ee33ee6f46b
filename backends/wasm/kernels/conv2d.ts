/**
 * Kernels of `conv2d` and `conv2dInputGradient`, both correlations of a tensor with a kernel: by
 * Winograd's algorithm where that is faster, else strip by strip with the packed kernel.
 */

import { constantOp } from "../../../graph/leaves.ts";
import type { GraphNode, Value } from "../../../graph/types.ts";
import {
  type ConvolutionAttributes,
  convolutionFlops,
  type ConvolutionGeometry,
  convolutionGeometry,
  convolutionShapes,
} from "../../../ops/convolution_geometry.ts";
import type { InputGradientAttributes } from "../../../ops/conv2d.ts";
import { advance, type KernelFamily, type Lowering, type Ref } from "../kernel.ts";
import { componentPairs, type Correlation, emitCorrelation } from "./conv2d_correlate.ts";
import {
  type Activation,
  type Conv2dActivationAttributes,
  conv2dActivationOp,
} from "../epilogues.ts";
import { activationKey } from "./activation_code.ts";
import { foldPadding } from "./conv2d_fold_padding.ts";
import { forwardAxis, inputGradientAxis, joinRows } from "./conv2d_plan.ts";
import { CACHED_BYTES, planStrip, stripBytes } from "./conv2d_strip.ts";
import { type Image, imageOf } from "./image.ts";
import { lowerWinogradCorrelation } from "./winograd.ts";
import { winogradObstacle } from "./winograd_plan.ts";
import { lowerPacking, panelsOf, type PanelSource } from "./panels.ts";
import { tileSize } from "./register_tile.ts";

/** Forward convolution, with its bias and the epilogue fused into it. */
export const conv2d: KernelFamily = {
  ops: ["conv2d", conv2dActivationOp.name],
  orders: ({ inputs, outputs: [output] }) => ({
    inputs: inputs.map((input, i) =>
      i === 0 || input.shape.length === output.shape.length && i > 1 ? "channelsLast" : "plain"
    ),
    outputs: ["channelsLast"],
  }),
  lower(node: GraphNode, lowering: Lowering): void {
    const [input, weight, ...others] = node.inputs;
    const [output] = node.outputs;
    const { hasBias = others.length > 0, activation, ...attributes }:
      & ConvolutionAttributes
      & Partial<Conv2dActivationAttributes> = node.attributes;
    const bias = hasBias ? others.shift() : undefined;
    const [residual] = others;
    const geometry = convolutionGeometry(input.shape, weight.shape, attributes);
    const shapes = convolutionShapes(geometry);
    const taps = geometry.kernelSize[0] * geometry.kernelSize[1];
    lowerCorrelation(lowering, {
      geometry,
      gradient: false,
      source: imageOf(lowering, input, shapes.input),
      result: imageOf(lowering, output, shapes.output),
      weight: lowering.ref(weight, shapes.weight),
      channelStep: 4 * taps,
      resultStep: 4 * taps * weight.shape[1],
      bias: bias && lowering.ref(bias, [geometry.outChannels]),
      activation,
      residual: residual && lowering.ref(residual, shapes.output),
      fixedKernel: isConstant(weight),
    });
  },
};

/** Input gradient: a correlation of the output gradient with the rotated kernel. */
export const conv2dInputGradient: KernelFamily = {
  ops: ["conv2dInputGradient"],
  orders: () => ({ inputs: ["channelsLast", "plain"], outputs: ["channelsLast"] }),
  lower(node: GraphNode, lowering: Lowering): void {
    const [outputGradient, weight] = node.inputs;
    const [inputGradient] = node.outputs;
    const attributes: InputGradientAttributes = node.attributes;
    const geometry = convolutionGeometry(attributes.inputShape, weight.shape, attributes);
    const shapes = convolutionShapes(geometry);
    const result = imageOf(lowering, inputGradient, shapes.input);
    const lower = (padded: ConvolutionGeometry, result: Image) => {
      const taps = geometry.kernelSize[0] * geometry.kernelSize[1];
      lowerCorrelation(lowering, {
        geometry: padded,
        gradient: true,
        source: imageOf(lowering, outputGradient, shapes.output),
        result,
        weight: lowering.ref(weight, shapes.weight),
        channelStep: 4 * taps * weight.shape[1],
        resultStep: 4 * taps,
        fixedKernel: isConstant(weight),
      });
    };
    if (geometry.paddingMode === "zeros") lower(geometry, result);
    else foldPadding(lowering, geometry, result, lower);
  },
};

function isConstant({ node }: Value): boolean {
  return node.op === constantOp;
}

interface CorrelationOperands {
  readonly geometry: ConvolutionGeometry;
  /** Whether this is the input gradient. */
  readonly gradient: boolean;
  readonly source: Image;
  readonly result: Image;
  readonly weight: Ref;
  /** Bytes of the weight between neighbouring channels of the source, and of the result. */
  readonly channelStep: number;
  readonly resultStep: number;
  readonly bias?: Ref;
  /** What is applied to the result, and what is added to it before. */
  readonly activation?: Activation;
  readonly residual?: Ref;
  /** Whether the kernel is a constant. */
  readonly fixedKernel: boolean;
}

function lowerCorrelation(lowering: Lowering, operands: CorrelationOperands): void {
  const { geometry, gradient } = operands;
  const { precision } = lowering;
  const obstacle = winogradObstacle(geometry, { precision, fixedKernel: operands.fixedKernel });
  if (obstacle) return lowerStrips(lowering, operands, `direct: ${obstacle}`);
  const [vertical, horizontal] = geometry.padding;
  lowerWinogradCorrelation(lowering, {
    ...operands,
    images: geometry.batch,
    padding: gradient ? [2 - vertical, 2 - horizontal] : geometry.padding,
    rotated: gradient,
  }, convolutionFlops(geometry));
}

/** Correlates with the kernel as it is, in strips. */
function lowerStrips(lowering: Lowering, operands: CorrelationOperands, detail: string): void {
  const { gradient, source, result, bias, activation, residual } = operands;
  const { target, threads } = lowering;
  const geometry = joinRows(operands.geometry, tileSize(target).rows);
  const { batch, groups, inSize, outSize } = geometry;
  const [size, [resultHeight, resultWidth]] = gradient ? [outSize, inSize] : [inSize, outSize];
  const axis = gradient ? inputGradientAxis : forwardAxis;
  const rows = axis(geometry, 0), columns = axis(geometry, 1);
  const parts = partsOf(lowering, operands);
  const depthwise = isDepthwise(geometry);
  const correlation: Correlation = {
    depthwise,
    strip: planStrip(
      { rows, columns, size, pixelBytes: source.pixelBytes },
      { images: batch * parts, threads },
      (_, stripRows) =>
        stripRows * columns.source.length * source.pixelBytes <= stripLimit(operands, parts),
    ),
    ...(depthwise ? { groups: 1, groupChannels: 1, run: 1, groupResults: result.channels } : {
      groups,
      groupChannels: source.channels / groups,
      run: groups === 1 ? source.pixelBytes / 4 : source.channels / groups,
      groupResults: result.channels / groups,
    }),
    lanes: groups === 1 ? Math.min(source.channels, 4) : 4,
    resultPixelBytes: result.pixelBytes,
    resultRowBytes: resultWidth * result.pixelBytes,
    resultImageBytes: resultHeight * resultWidth * result.pixelBytes,
    bias: bias !== undefined,
    activation,
    residual: residual !== undefined,
    images: batch,
    parts,
  };
  const packed = lowerKernelPacking(lowering, operands, correlation);
  const bytes = stripBytes(correlation.strip);
  const scratch = bytes > 0 ? lowering.threadScratch(bytes) : undefined;
  lowering.launch({
    kernel: `conv2d ${gradient ? "input gradient" : ""} ${JSON.stringify(geometry)} ` +
      `${bias ? "bias" : ""} ${residual ? "residual" : ""} ${
        activation ? activationKey(activation) : ""
      }`,
    build: (f) => emitCorrelation(f, target, correlation, scratch?.stride ?? 0),
    args: {
      source: source.ref,
      panels: packed,
      bias: bias ?? 0,
      residual: residual ?? 0,
      result: result.ref,
      rows: lowering.table(rows.source),
      scratch: scratch?.ref ?? 0,
    },
    writes: ["result", "scratch"],
    items: parts * batch * correlation.strip.bands.count,
    images: parts > 1 ? undefined : { count: batch, operands: ["source", "residual", "result"] },
    detail,
    flops: convolutionFlops(geometry),
  });
}

/**
 * Parts into which to split the result's channels, so that each thread reads only some of the
 * kernel, if there are fewer images than threads and the kernel is larger than the images.
 */
function partsOf(
  { target, threads }: Lowering,
  { geometry, source, result }: CorrelationOperands,
): number {
  const { batch, groups, kernelSize } = geometry;
  const panelChannels = 4 * tileSize(target).vectors;
  const kernelFloats = kernelSize[0] * kernelSize[1] * source.channels * result.channels;
  const sourceFloats = batch * source.height * source.width * source.channels;
  const divides = groups === 1 && result.channels % (threads * panelChannels) === 0;
  return batch < threads && divides && kernelFloats > sourceFloats ? threads : 1;
}

/**
 * Maximum bytes of a strip, to stay in L2 next to a panel. Bench: `bench/layers.ts --only 8x512`.
 */
const LARGEST_STRIP_BYTES = 1 << 20;

/**
 * Bytes of a strip: as large as the kernel, which every band reads, but small enough to stay in the
 * cache.
 */
function stripLimit({ geometry, source, result }: CorrelationOperands, parts: number): number {
  const { kernelSize, groups } = geometry;
  const taps = kernelSize[0] * kernelSize[1];
  const kernelBytes = 4 * taps * source.channels * result.channels / (groups * parts);
  return Math.min(LARGEST_STRIP_BYTES, Math.max(CACHED_BYTES, kernelBytes));
}

/** Whether every channel is convolved separately. */
export function isDepthwise({ groups, inChannels, outChannels }: ConvolutionGeometry): boolean {
  return groups > 1 && groups === inChannels && groups === outChannels;
}

/** Adds the packing of the kernel: for every pair of components, for every group, its panels. */
function lowerKernelPacking(
  lowering: Lowering,
  { geometry, weight, channelStep, resultStep }: CorrelationOperands,
  { strip, groups, groupChannels, run, groupResults }: Correlation,
): Ref {
  const { kernelSize, outChannels, inChannels } = geometry;
  const tapBytes = 4 * kernelSize[0] * kernelSize[1];
  const pairs = componentPairs(strip).map(([row, column]) => ({
    panels: panelsOf(lowering.target, row.taps * column.taps * run, groupResults),
    firstTap: row.firstTap * kernelSize[1] + column.firstTap,
    source: {
      batch: groups,
      batchStep: (outChannels / groups) * (inChannels / groups) * tapBytes,
      columnStep: resultStep,
      depthLoops: [
        {
          count: row.taps,
          sourceStep: 4 * row.kernelStep * kernelSize[1],
          depthStep: column.taps * run,
        },
        { count: column.taps, sourceStep: 4 * column.kernelStep, depthStep: run },
        { count: groupChannels, sourceStep: channelStep, depthStep: 1 },
      ],
    } satisfies PanelSource,
  }));
  const packed = lowering.scratch(
    pairs.reduce((sum, { panels }) => sum + groups * panels.bytes, 0),
  );
  let offset = 0;
  for (const { panels, firstTap, source } of pairs) {
    if (panels.depth === 0) continue;
    const from = advance(weight, 4 * firstTap);
    lowerPacking(lowering, panels, source, from, advance(packed, offset));
    offset += groups * panels.bytes;
  }
  return packed;
}
