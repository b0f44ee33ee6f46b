/**
 * Depthwise convolutions, a kernel for each channel, and their input gradients: four channels of some
 * pixels of a row by one invocation, which loads what neighbours share once.
 */
import type { GraphNode, Value } from "../../../graph/types.ts";
import type { ConvolutionGeometry, Pair } from "../../../ops/convolution_geometry.ts";
import {
  type AxisComponent,
  forwardComponent,
  inputGradientComponents,
} from "../../../ops/polyphase.ts";
import { type Lowering, POOLED_BYTES, type Ref, type Variant } from "../kernel.ts";
import { pairConstants } from "../wgsl.ts";
import { readChannels } from "./channel_vector.ts";
import wgsl from "./conv2d_depthwise.wgsl" with { type: "text" };
import { sourceImage } from "./correlation.ts";
import { paddedChannels } from "./packed_weight.ts";

/** Whether each of several channels has a kernel of its own, and no other reads it. */
export function isDepthwise({ groups, inChannels, outChannels }: ConvolutionGeometry): boolean {
  return groups > 1 && groups === inChannels && groups === outChannels;
}

/** Vectors of a pixel. */
export function vectorsOf({ inChannels }: ConvolutionGeometry): number {
  return paddedChannels(inChannels) / 4;
}

/** The kernels as [kH·kW, channels], padded to whole vectors with zeros. */
function packKernels(geometry: ConvolutionGeometry, weight: Value, lowering: Lowering): Ref {
  return lowering.derived(weight, "packed by channel", () => {
    const { inChannels, kernelSize } = geometry;
    const taps = kernelSize[0] * kernelSize[1];
    const padded = paddedChannels(inChannels);
    const bytes = 4 * taps * padded;
    const packed = lowering.pooled(bytes, "packed weights");
    lowering.eachItem({
      name: "packKernels",
      operands: { ...lowering.reads("f32", { weight }), ...lowering.writes("f32", { packed }) },
      items: taps * padded,
      small: bytes <= POOLED_BYTES,
      constants: { TAPS: taps, CHANNELS: inChannels, PADDED_CHANNELS: padded },
      wgsl: `
fn item(i: u32) {
  let place = i % PADDED_CHANNELS;
  let value = weight(min(place, CHANNELS - 1) * TAPS + i / PADDED_CHANNELS);
  storePacked(i, select(0.0f, value, place < CHANNELS));
}`,
    });
    return packed;
  });
}

/** How many pixels of a row an invocation computes. */
interface RunVariant extends Variant {
  readonly run: number;
}

/** Four pixels share what they load; fewer leave more invocations. */
function runVariants(positions: number): RunVariant[] {
  return (positions >= 4 ? [4, 8, 2, 1] : [2, 1]).map((run) => ({ name: `runs of ${run}`, run }));
}

/** One phase of a correlation, axis by axis. */
interface Depthwise {
  readonly name: string;
  readonly geometry: ConvolutionGeometry;
  readonly rows: AxisComponent;
  readonly columns: AxisComponent;
  readonly source: Ref;
  readonly sourceSize: Pair;
  readonly result: Ref;
  readonly resultSize: Pair;
  readonly weight: Ref;
  readonly bias?: Ref;
}

function correlateChannels(
  { name, geometry, rows, columns, source, sourceSize, result, resultSize, weight, bias }:
    Depthwise,
  run: number,
  lowering: Lowering,
): void {
  const { batch, kernelSize, inChannels, paddingMode } = geometry;
  const vectors = vectorsOf(geometry);
  const runs = Math.ceil(columns.positions / run);
  const isForward = name === "conv2d";
  lowering.eachItem({
    name: `${name} depthwise`,
    operands: {
      ...lowering.reads("vec4<f32>", { source, weight }),
      ...lowering.writes("vec4<f32>", { result }),
      ...lowering.reads("f32", { bias }),
    },
    items: batch * rows.positions * runs * vectors,
    flops: 8 * batch * rows.positions * columns.positions * rows.taps * columns.taps * vectors,
    constants: {
      RUN: run,
      RUNS: runs,
      ROWS: rows.positions,
      TAP_ROWS: columns.taps > 0 ? rows.taps : 0,
      SOURCE_HEIGHT: sourceSize[0],
      SOURCE_WIDTH: sourceSize[1],
      SOURCE_VECTORS: vectors,
      RESULT_HEIGHT: resultSize[0],
      RESULT_WIDTH: resultSize[1],
      KERNEL_WIDTH: kernelSize[1],
      TAP_STEP_Y: rows.tapStep,
      FIRST_TAP_Y: rows.firstTap,
      KERNEL_STEP_Y: rows.kernelStep,
      ...pairConstants("POSITION_STEP", [rows.positionStep, columns.positionStep]),
      ...pairConstants("FIRST_SOURCE", [rows.firstSource, columns.firstSource]),
      ...pairConstants("FIRST_RESULT", [rows.firstResult, columns.firstResult]),
      ...pairConstants("RESULT_STEP", [rows.resultStep, columns.resultStep]),
    },
    wgsl: [
      sourceImage(isForward ? paddingMode : "zeros"),
      bias ? readChannels("bias", { width: 4, channels: inChannels }) : NO_BIAS,
      ...runFunctions(columns, run, vectors),
      wgsl,
    ].join("\n"),
  });
}

const NO_BIAS = "fn biasOf(channel: u32) -> vec4<f32> { return vec4<f32>(); }";

/**
 * WGSL functions over the sums of a run of pixels, which an invocation holds in registers: `startSums`
 * sets them, `addTaps` adds the taps of a row of the kernel, `storeSums` stores them.
 */
function runFunctions(columns: AxisComponent, run: number, vectors: number): string[] {
  const pixels = Array.from({ length: run }, (_, p) => p);
  const taps = Array.from({ length: columns.taps }, (_, t) => t);
  const distance = (pixel: number, tap: number) =>
    pixel * columns.positionStep + tap * columns.tapStep;
  const distances = [...new Set(pixels.flatMap((p) => taps.map((t) => distance(p, t))))]
    .sort((a, b) => a - b);
  const weights = taps.map((t) =>
    `let w${t} = weight(kernel + ${(columns.firstTap + t * columns.kernelStep) * vectors});`
  );
  const loads = distances.flatMap((reach) => [
    `let x${distances.indexOf(reach)} = loadSource(line, y, firstX + ${reach}, vector);`,
    ...pixels.flatMap((p) =>
      taps.filter((t) => distance(p, t) === reach)
        .map((t) => `(*sums)[${p}] += x${distances.indexOf(reach)} * w${t};`)
    ),
  ]);
  const stores = pixels.map((p) => {
    const store = `storeResult(place + ${p * columns.resultStep * vectors}, (*sums)[${p}]);`;
    return columns.positions % run === 0
      ? store
      : `if (firstColumn + ${p} < ${columns.positions}) { ${store} }`;
  });
  return [
    `alias Sums = array<vec4<f32>, ${run}>;`,
    "fn startSums(start: vec4<f32>) -> Sums {",
    `return Sums(${pixels.map(() => "start").join(", ")});`,
    "}",
    "fn addTaps(sums: ptr<function, Sums>, line: i32, y: i32, firstX: i32, vector: u32, kernel: u32) {",
    ...weights,
    ...loads,
    "}",
    "fn storeSums(sums: ptr<function, Sums>, place: u32, firstColumn: i32) {",
    ...stores,
    "}",
  ];
}

/** Adds the phase of a forward convolution; activations channels last, `weight` as it is. */
export function depthwiseForward(
  geometry: ConvolutionGeometry,
  { inputs: [input, weight, bias], outputs: [output] }: GraphNode,
  lowering: Lowering,
): void {
  const { inSize, outSize } = geometry;
  const { run } = lowering.choose(runVariants(outSize[1]));
  correlateChannels(
    {
      name: "conv2d",
      geometry,
      rows: forwardComponent(geometry, 0),
      columns: forwardComponent(geometry, 1),
      source: lowering.ref(input),
      sourceSize: inSize,
      result: lowering.ref(output),
      resultSize: outSize,
      weight: packKernels(geometry, weight, lowering),
      bias: bias && lowering.ref(bias),
    },
    run,
    lowering,
  );
}

/** Adds the phases of an input gradient of a convolution that pads with zeros: one each of its phases. */
export function depthwiseInputGradient(
  geometry: ConvolutionGeometry,
  { inputs: [dy, weight] }: GraphNode,
  result: Ref,
  lowering: Lowering,
): void {
  const { inSize, outSize } = geometry;
  const { run } = lowering.choose(runVariants(inSize[1]));
  const packed = packKernels(geometry, weight, lowering);
  for (const rows of inputGradientComponents(geometry, 0)) {
    for (const columns of inputGradientComponents(geometry, 1)) {
      correlateChannels(
        {
          name: "conv2dInputGradient",
          geometry,
          rows,
          columns,
          source: lowering.ref(dy),
          sourceSize: outSize,
          result,
          resultSize: inSize,
          weight: packed,
        },
        run,
        lowering,
      );
    }
  }
}
