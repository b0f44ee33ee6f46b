/**
 * Depthwise convolutions, with one kernel per channel, and their input gradients: one invocation
 * computes four channels of some pixels of a row, and loads pixels that these share once.
 */
import type { ConvolutionGeometry } from "../../../ops/convolution_geometry.ts";
import type { AxisComponent } from "../../../ops/polyphase.ts";
import type { Lowering, Variant } from "../kernel.ts";
import wgsl from "./conv2d_depthwise.wgsl" with { type: "text" };
import { axisConstants, paddedChannels, sourceImage } from "./convolution.ts";
import { biasReader, type Correlation, correlationParts } from "./correlation.ts";

/** Whether every output channel reads one input channel, which no other one reads. */
export function isDepthwise({ groups, inChannels, outChannels }: ConvolutionGeometry): boolean {
  return groups > 1 && groups === inChannels && groups === outChannels;
}

/** The number of pixels of a row that an invocation computes. */
interface RunVariant extends Variant {
  readonly run: number;
}

/** Four pixels share loads; fewer leave more invocations. Measure with `deno task tune CONFIG`. */
function runVariants(positions: number): RunVariant[] {
  return (positions >= 4 ? [4, 8, 2, 1] : [2, 1]).map((run) => ({ name: `runs of ${run}`, run }));
}

/** Adds a dispatch for each component of a correlation. */
export function correlateChannels(correlation: Correlation, lowering: Lowering): void {
  const { name, geometry, isForward } = correlation;
  const [, width] = isForward ? geometry.outSize : geometry.inSize;
  const { run } = lowering.choose(runVariants(width));
  const vectors = paddedChannels(geometry.inChannels) / 4;
  const parts = correlationParts(correlation);
  for (const rows of correlation.rows) {
    for (const columns of correlation.columns) {
      const positions = geometry.batch * rows.positions * columns.positions;
      const runs = Math.ceil(columns.positions / run);
      lowering.eachItem({
        ...parts,
        name: `${name} depthwise`,
        items: geometry.batch * rows.positions * runs * vectors,
        flops: 8 * positions * rows.taps * columns.taps * vectors,
        constants: { ...parts.constants, ...axisConstants(rows, columns), RUN: run, RUNS: runs },
        wgsl: [
          sourceImage(geometry, isForward),
          biasReader(geometry),
          ...runFunctions(columns, run, vectors),
          wgsl,
        ].join("\n"),
      });
    }
  }
}

/**
 * WGSL functions over the sums of a run of pixels, which an invocation keeps in registers:
 * `startSums` sets them, `addTaps` adds the taps of a row of the kernel, `storeSums` stores them.
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
    `alias Sums = array<vec4<f32>, ${run}>;
fn startSums(start: vec4<f32>) -> Sums {
  return Sums(${pixels.map(() => "start").join(", ")});
}
fn addTaps(
  sums: ptr<function, Sums>, line: i32, y: i32, firstX: i32, vector: u32, kernel: u32,
) {`,
    ...weights,
    ...loads,
    "}",
    "fn storeSums(sums: ptr<function, Sums>, place: u32, firstColumn: i32) {",
    ...stores,
    "}",
  ];
}
