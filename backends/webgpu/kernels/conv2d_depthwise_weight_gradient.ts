/**
 * The weight gradient of depthwise convolutions: workgroups sum rows of output positions in parts,
 * which a second dispatch adds in a fixed order.
 */
import type { GraphNode } from "../../../graph/types.ts";
import { convolutionFlops, type ConvolutionGeometry } from "../../../ops/convolution_geometry.ts";
import { type Lowering, storedBytes, THREADS } from "../kernel.ts";
import { pairConstants } from "../wgsl.ts";
import { vectorsOf } from "./conv2d_depthwise.ts";
import wgsl from "./conv2d_depthwise_weight_gradient.wgsl" with { type: "text" };
import { sourceImage } from "./correlation.ts";
import { combineThreads } from "./reduce.ts";

/** Workgroups that fill a large GPU. */
const WANTED_WORKGROUPS = 512;

/** Adds the dispatches of a weight gradient. A workgroup has a row of taps of some vectors, and some rows. */
export function depthwiseWeightGradient(
  geometry: ConvolutionGeometry,
  { inputs: [input, dy], outputs: [output] }: GraphNode,
  lowering: Lowering,
): void {
  const { batch, inChannels, inSize, outSize, kernelSize, stride, padding, dilation } = geometry;
  const vectors = vectorsOf(geometry);
  const taps = kernelSize[0] * kernelSize[1];
  /** Invocations side by side have neighbouring vectors; the others have other columns. */
  const across = Math.min(16, 2 ** Math.floor(Math.log2(vectors)));
  const along = THREADS / across;
  const blocks = Math.ceil(vectors / across);
  const rows = batch * outSize[0];
  const wanted = Math.min(rows, Math.ceil(WANTED_WORKGROUPS / (blocks * kernelSize[0])));
  const rowsEach = Math.ceil(rows / wanted);
  const parts = Math.ceil(rows / rowsEach);
  const partial = lowering.scratch(16 * parts * taps * vectors, "partial sums");
  const source = lowering.ref(input), gradient = lowering.ref(dy);
  lowering.dispatch({
    name: "conv2dWeightGradient depthwise",
    operands: {
      ...lowering.reads("vec4<f32>", { source, gradient }),
      ...lowering.writes("vec4<f32>", { partial }),
    },
    workgroupSize: THREADS,
    workgroups: [blocks, kernelSize[0], parts],
    flops: convolutionFlops(geometry),
    bytes: partial.bytes +
      kernelSize[0] * (storedBytes(gradient, gradient.bytes) + storedBytes(source, source.bytes)),
    constants: {
      VECTORS_ACROSS: across,
      PIXELS_ALONG: along,
      ROWS: rows,
      PART_ROWS: rowsEach,
      SOURCE_HEIGHT: inSize[0],
      SOURCE_WIDTH: inSize[1],
      SOURCE_VECTORS: vectors,
      OUT_HEIGHT: outSize[0],
      OUT_WIDTH: outSize[1],
      KERNEL_HEIGHT: kernelSize[0],
      KERNEL_WIDTH: kernelSize[1],
      DILATION_Y: dilation[0],
      ...pairConstants("STRIDE", stride),
      ...pairConstants("PADDING", padding),
    },
    wgsl: [
      sourceImage(geometry.paddingMode),
      combineThreads("sumAlong", "vec4<f32>", { lanes: "VECTORS_ACROSS" }),
      ...tapFunctions(kernelSize[1], dilation[1], vectors),
      wgsl,
    ].join("\n"),
  });
  lowering.eachItem({
    name: "add partial sums",
    operands: {
      ...lowering.reads("f32", { partial }),
      ...lowering.writes("f32", { result: output }),
    },
    items: inChannels * taps,
    constants: {
      CHANNELS: inChannels,
      PADDED_CHANNELS: 4 * vectors,
      TAPS: taps,
      PARTS: parts,
    },
    wgsl: `
fn item(i: u32) {
  let c = i % CHANNELS;
  let tap = i / CHANNELS;
  var sum = 0.0f;
  for (var part = 0u; part < PARTS; part++) {
    sum += partial((part * TAPS + tap) * PADDED_CHANNELS + c);
  }
  storeResult(c * TAPS + tap, sum);
}`,
  });
}

/**
 * WGSL functions over the sums of a row of taps, which an invocation holds in registers: `addTaps`
 * adds the products of a gradient, `combineSums` adds up those of all invocations, `storeSums` stores
 * them.
 */
function tapFunctions(taps: number, dilation: number, vectors: number): string[] {
  const each = (line: (t: number) => string) => Array.from({ length: taps }, (_, t) => line(t));
  return [
    `alias Sums = array<vec4<f32>, ${taps}>;`,
    "fn addTaps(sums: ptr<function, Sums>, dy: vec4<f32>, image: u32, y: i32, firstX: i32, vector: u32) {",
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
