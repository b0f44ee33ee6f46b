/**
 * Depthwise convolutions, a kernel for each channel, and their input gradients: four channels of some
 * pixels of a row by one invocation, which loads what neighbours share once.
 */
import type { GraphNode, Value } from "../../../graph/types.ts";
import type { ConvolutionGeometry, Pair } from "../../../ops/convolution_geometry.ts";
import {
  type AxisPhase,
  forwardPhase,
  inputGradientPhases,
} from "../../../ops/correlation_phases.ts";
import { type Lowering, POOLED_BYTES, type Ref, type Variant } from "../kernel.ts";
import { channelVector } from "./channel_vector.ts";
import { borderFunctions, isInside } from "./correlation.ts";
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
      main: ({ weight, packed }) => `
let c = min(i % ${padded}u, ${inChannels - 1}u);
let value = ${weight.at(`c * ${taps}u + i / ${padded}u`)};
${packed.set("i", `select(0.0f, value, i % ${padded}u < ${inChannels}u)`)}`,
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
  readonly rows: AxisPhase;
  readonly columns: AxisPhase;
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
  const pixels = Array.from({ length: run }, (_, p) => p);
  const taps = Array.from({ length: columns.taps }, (_, t) => t);
  const distance = (pixel: number, tap: number) =>
    pixel * columns.positionStep + tap * columns.tapStep;
  const distances = [...new Set(pixels.flatMap((p) => taps.map((t) => distance(p, t))))]
    .sort((a, b) => a - b);
  const isMapped = paddingMode !== "zeros" && name === "conv2d";
  const at = (axis: "row" | "column", index: string) => isMapped ? `${axis}At(${index})` : index;
  lowering.eachItem({
    name: `${name} depthwise`,
    operands: {
      ...lowering.reads("vec4<f32>", { source, weight }),
      ...lowering.writes("vec4<f32>", { result }),
      ...lowering.reads("f32", { bias }),
    },
    items: batch * rows.positions * runs * vectors,
    flops: 8 * batch * rows.positions * columns.positions * rows.taps * columns.taps * vectors,
    globals: isMapped ? borderFunctions(geometry) : undefined,
    main: ({ source, weight, result, bias }) => {
      const [height, width] = sourceSize;
      const load = (reach: number) => `
  {
    let x = ${at("column", `firstX + ${reach}i`)};
    let inside = ${isInside(sourceSize)};
    let place = (line + clamp(x, 0i, ${width - 1}i)) * ${vectors}i + i32(vector);
    let value = select(vec4<f32>(), ${source.at("u32(place)")}, inside);
    ${
        pixels.flatMap((p) =>
          taps.filter((t) => distance(p, t) === reach).map((t) => `sum${p} += value * w${t};`)
        ).join("\n    ")
      }
  }`;
      return `
let vector = i % ${vectors}u;
let firstColumn = i32(i / ${vectors}u % ${runs}u) * ${run}i;
let row = i32(i / ${vectors * runs}u % ${rows.positions}u);
let image = i32(i / ${vectors * runs * rows.positions}u);
let firstX = firstColumn * ${columns.positionStep}i + ${columns.firstSource}i;
let start = ${bias ? channelVector(bias, "vector * 4u", 4, inChannels) : "vec4<f32>()"};
${pixels.map((p) => `var sum${p} = start;`).join("\n")}
for (var tap = 0i; tap < ${columns.taps > 0 ? rows.taps : 0}i; tap++) {
  let y = ${
        at("row", `row * ${rows.positionStep}i + ${rows.firstSource}i + tap * ${rows.tapStep}i`)
      };
  let line = (image * ${height}i + clamp(y, 0i, ${height - 1}i)) * ${width}i;
  let kernel = u32(${rows.firstTap}i + tap * ${rows.kernelStep}i) * ${
        kernelSize[1] * vectors
      }u + vector;
  ${
        taps.map((t) =>
          `let w${t} = ${
            weight.at(`kernel + ${(columns.firstTap + t * columns.kernelStep) * vectors}u`)
          };`
        ).join("\n  ")
      }${distances.map(load).join("")}
}
let place = u32((image * ${resultSize[0]}i + ${rows.firstResult}i + row * ${rows.resultStep}i) * ${
        resultSize[1]
      }i + ${columns.firstResult}i + firstColumn * ${columns.resultStep}i) * ${vectors}u + vector;
${
        pixels.map((p) => {
          const store = result.set(`place + ${p * columns.resultStep * vectors}u`, `sum${p}`);
          return columns.positions % run === 0
            ? store
            : `if (firstColumn + ${p}i < ${columns.positions}i) { ${store} }`;
        }).join("\n")
      }`;
    },
  });
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
      rows: forwardPhase(geometry, 0),
      columns: forwardPhase(geometry, 1),
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
  for (const rows of inputGradientPhases(geometry, 0)) {
    for (const columns of inputGradientPhases(geometry, 1)) {
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
