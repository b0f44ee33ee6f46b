/**
 * The weight gradient of depthwise convolutions: workgroups sum parts of the rows of output
 * positions, which a second dispatch adds up in a fixed order.
 */
import type { GraphNode } from "../../../graph/types.ts";
import { convolutionFlops, type ConvolutionGeometry } from "../../../ops/convolution_geometry.ts";
import { type Lowering, storedBytes, THREADS } from "../kernel.ts";
import wgsl from "./conv2d_depthwise_weight_gradient.wgsl" with { type: "text" };
import { addPartialSums, WANTED_WORKGROUPS } from "./conv2d_weight_gradient.ts";
import { convolutionConstants, paddedChannels, sourceImage } from "./convolution.ts";
import { combineThreads } from "./reduce.ts";

/** Adds the dispatches. A workgroup computes a row of taps of some vectors, over some rows. */
export function depthwiseWeightGradient(
  geometry: ConvolutionGeometry,
  { inputs: [input, dy], outputs: [output] }: GraphNode,
  lowering: Lowering,
): void {
  const { batch, inChannels, outSize, kernelSize: [height, width], dilation } = geometry;
  const vectors = paddedChannels(inChannels) / 4;
  /** Adjacent invocations have adjacent vectors; the others have other columns. */
  const across = Math.min(16, 2 ** Math.floor(Math.log2(vectors)));
  const blocks = Math.ceil(vectors / across);
  const rows = batch * outSize[0];
  const wanted = Math.min(rows, Math.ceil(WANTED_WORKGROUPS / (blocks * height)));
  const partRows = Math.ceil(rows / wanted);
  const parts = Math.ceil(rows / partRows);
  const partial = lowering.scratch(16 * parts * height * width * vectors, "partial sums");
  const source = lowering.ref(input), gradient = lowering.ref(dy);
  lowering.dispatch({
    name: "conv2dWeightGradient depthwise",
    reads: { "vec4<f32>": { source, gradient } },
    writes: { "vec4<f32>": { partial } },
    workgroupSize: THREADS,
    workgroups: [blocks, height, parts],
    flops: convolutionFlops(geometry),
    bytes: partial.bytes +
      height * (storedBytes(gradient, gradient.bytes) + storedBytes(source, source.bytes)),
    constants: {
      ...convolutionConstants(geometry, true),
      VECTORS_ACROSS: across,
      ROWS: rows,
      PART_ROWS: partRows,
    },
    wgsl: [
      sourceImage(geometry, true),
      combineThreads("sumAlong", "vec4<f32>", { lanes: "VECTORS_ACROSS" }),
      ...tapFunctions(width, dilation[1], vectors),
      wgsl,
    ].join("\n"),
  });
  const extents = { groupIn: 1, groupOut: 4 * vectors };
  addPartialSums(
    { ...geometry, groups: 1, inChannels: 1 },
    extents,
    partial,
    parts,
    output,
    lowering,
  );
}

/**
 * WGSL functions over the sums of a row of taps, which an invocation keeps in registers: `addTaps`
 * adds the products of a gradient, `combineSums` adds up those of all invocations, `storeSums`
 * stores them.
 */
function tapFunctions(taps: number, dilation: number, vectors: number): string[] {
  const each = (line: (t: number) => string) => Array.from({ length: taps }, (_, t) => line(t));
  return [
    `alias Sums = array<vec4<f32>, ${taps}>;
fn addTaps(
  sums: ptr<function, Sums>, dy: vec4<f32>, image: u32, y: i32, firstX: i32, vector: u32,
) {`,
    ...each((t) =>
      `let x${t} = borderAt(firstX + ${t * dilation}, SOURCE_WIDTH);\n` +
      `if (u32(x${t}) < SOURCE_WIDTH) { ` +
      `(*sums)[${t}] += dy * source(sourcePixel(image, y, x${t}) + vector); }`
    ),
    "}",
    "fn combineSums(sums: ptr<function, Sums>, thread: u32) {",
    ...each((t) => `(*sums)[${t}] = sumAlong(thread, (*sums)[${t}]);\nworkgroupBarrier();`),
    "}",
    "fn storeSums(sums: ptr<function, Sums>, place: u32) {",
    ...each((t) => `storePartial(place + ${t * vectors}, (*sums)[${t}]);`),
    "}",
  ];
}
