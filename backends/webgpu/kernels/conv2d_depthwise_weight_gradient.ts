/**
 * The weight gradient of depthwise convolutions: workgroups sum rows of output positions in parts,
 * which a second phase adds in a fixed order.
 */
import type { GraphNode } from "../../../graph/types.ts";
import { convolutionFlops, type ConvolutionGeometry } from "../../../ops/convolution_geometry.ts";
import { type Lowering, storedBytes, THREADS } from "../kernel.ts";
import { vectorsOf } from "./conv2d_depthwise.ts";
import { borderFunctions, pixelPlace } from "./correlation.ts";
import { combineThreads } from "./reduce.ts";

/** Workgroups that fill a large GPU. */
const WANTED_WORKGROUPS = 512;

/** Adds the phases of a weight gradient. A workgroup has a row of taps of some vectors, and some rows. */
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
  const isMapped = geometry.paddingMode !== "zeros";
  const columns = Array.from({ length: kernelSize[1] }, (_, t) => t);
  lowering.phase({
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
    code: ({ source, gradient, partial }) => {
      const combined = combineThreads("sum", "vec4<f32>", THREADS, { lanes: across });
      return {
        globals: `${borderFunctions(geometry)}\n${combined.globals}`,
        main: `
let vector = group.x * ${across}u + thread % ${across}u;
let isReal = vector < ${vectors}u;
let ky = i32(group.y);
let lastRow = min((group.z + 1u) * ${rowsEach}u, ${rows}u);
${columns.map((t) => `var sum${t} = vec4<f32>();`).join("\n")}
for (var row = group.z * ${rowsEach}u; row < lastRow; row++) {
  let image = row / ${outSize[0]}u;
  let tapRow = i32(row % ${outSize[0]}u) * ${stride[0]}i - ${padding[0]}i + ky * ${dilation[0]}i;
  let y = ${isMapped ? "rowAt(tapRow)" : "tapRow"};
  if (!isReal || u32(y) >= ${inSize[0]}u) { continue; }
  for (var column = thread / ${across}u; column < ${outSize[1]}u; column += ${along}u) {
    let dy = ${gradient.at(`(row * ${outSize[1]}u + column) * ${vectors}u + vector`)};
    let first = i32(column) * ${stride[1]}i - ${padding[1]}i;
    ${
          columns.map((t) => `
    {
      let x = ${isMapped ? `columnAt(first + ${t * dilation[1]}i)` : `first + ${t * dilation[1]}i`};
      if (u32(x) < ${inSize[1]}u) {
        sum${t} += dy * ${source.at(`${pixelPlace(inSize, vectors)} + vector`)};
      }
    }`).join("")
        }
  }
}
${
          columns.map((t) =>
            `{ var sum = sum${t};\n${combined.statements}\nsum${t} = sum;\nworkgroupBarrier(); }`
          ).join("\n")
        }
if (thread < ${across}u && isReal) {
  let place = (group.z * ${taps}u + group.y * ${kernelSize[1]}u) * ${vectors}u + vector;
  ${columns.map((t) => partial.set(`place + ${t * vectors}u`, `sum${t}`)).join("\n  ")}
}`,
      };
    },
  });
  lowering.eachItem({
    name: "add partial sums",
    operands: {
      ...lowering.reads("f32", { partial }),
      ...lowering.writes("f32", { result: output }),
    },
    items: inChannels * taps,
    main: ({ partial, result }) => `
let c = i % ${inChannels}u;
let tap = i / ${inChannels}u;
var sum = 0.0f;
for (var part = 0u; part < ${parts}u; part++) {
  sum += ${partial.at(`(part * ${taps}u + tap) * ${4 * vectors}u + c`)};
}
${result.set(`c * ${taps}u + tap`, "sum")}`,
  });
}
