/**
 * Convolutions whose groups do not begin at whole vectors, other than depthwise ones: each result is
 * summed by one invocation, each weight's gradient by one workgroup.
 */
import type { GraphNode } from "../../../graph/types.ts";
import { convolutionFlops, type ConvolutionGeometry } from "../../../ops/convolution_geometry.ts";
import { coverByGroups, type Lowering, type Ref, THREADS } from "../kernel.ts";
import { paddedChannels } from "./packed_weight.ts";
import { borderFunctions, isInside, pixelPlace } from "./correlation.ts";
import { combineThreads } from "./reduce.ts";

/** Statements that set `y` and `x`, the input's pixel that tap (`ky`, `kx`) of output `oy`, `ox` reads. */
function inputPixel({ stride, padding, dilation, paddingMode }: ConvolutionGeometry): string {
  const [y, x] = ["y", "x"].map((axis, i) =>
    `i32(o${axis}) * ${stride[i]}i - ${padding[i]}i + i32(k${axis}) * ${dilation[i]}i`
  );
  return paddingMode === "zeros"
    ? `let y = ${y}; let x = ${x};`
    : `let y = rowAt(${y}); let x = columnAt(${x});`;
}

/** Adds the phase of a forward convolution; activations channels last, `weight` as it is. */
export function directForward(
  geometry: ConvolutionGeometry,
  { inputs: [input, weight, bias], outputs: [output] }: GraphNode,
  lowering: Lowering,
): void {
  const { batch, groups, inChannels, outChannels, inSize, outSize, kernelSize } = geometry;
  const groupIn = inChannels / groups, groupOut = outChannels / groups;
  const inPadded = paddedChannels(inChannels), outPadded = paddedChannels(outChannels);
  const kernelRow = `((o * ${groupIn}u + c) * ${kernelSize[0]}u + ky) * ${kernelSize[1]}u`;
  lowering.eachItem({
    name: "conv2d direct",
    operands: {
      ...lowering.reads("f32", { input, weight }),
      ...lowering.writes("f32", { output }),
      ...lowering.reads("f32", { bias }),
    },
    items: batch * outSize[0] * outSize[1] * outPadded,
    flops: convolutionFlops(geometry),
    globals: borderFunctions(geometry),
    main: ({ input, weight, bias, output }) => `
let o = min(i % ${outPadded}u, ${outChannels - 1}u);
let ox = i / ${outPadded}u % ${outSize[1]}u;
let oy = i / ${outPadded * outSize[1]}u % ${outSize[0]}u;
let image = i / ${outPadded * outSize[1] * outSize[0]}u;
let firstChannel = o / ${groupOut}u * ${groupIn}u;
var sum = ${bias ? bias.at("o") : "0.0f"};
for (var ky = 0u; ky < ${kernelSize[0]}u; ky++) {
  for (var kx = 0u; kx < ${kernelSize[1]}u; kx++) {
    ${inputPixel(geometry)}
    if (${isInside(inSize)}) {
      let pixel = ${pixelPlace(inSize, inPadded)} + firstChannel;
      for (var c = 0u; c < ${groupIn}u; c++) {
        sum += ${input.at("pixel + c")} * ${weight.at(`${kernelRow} + kx`)};
      }
    }
  }
}
${output.set("i", "sum")}`,
  });
}

/** Adds the phase of an input gradient of a convolution that pads with zeros. */
export function directInputGradient(
  geometry: ConvolutionGeometry,
  { inputs: [dy, weight] }: GraphNode,
  result: Ref,
  lowering: Lowering,
): void {
  const { batch, groups, inChannels, outChannels, inSize, outSize, kernelSize } = geometry;
  const { stride, padding, dilation } = geometry;
  const groupIn = inChannels / groups, groupOut = outChannels / groups;
  const inPadded = paddedChannels(inChannels), outPadded = paddedChannels(outChannels);
  const weightRow = `(o * ${groupIn}u + c % ${groupIn}u) * ${kernelSize[0]}u`;
  const kernelRow = `(${weightRow} + u32(ky)) * ${kernelSize[1]}u`;
  lowering.eachItem({
    name: "conv2dInputGradient direct",
    operands: { ...lowering.reads("f32", { dy, weight }), ...lowering.writes("f32", { result }) },
    items: batch * inSize[0] * inSize[1] * inPadded,
    flops: convolutionFlops(geometry),
    main: ({ dy, weight, result }) => `
let c = min(i % ${inPadded}u, ${inChannels - 1}u);
let ix = i32(i / ${inPadded}u % ${inSize[1]}u);
let iy = i32(i / ${inPadded * inSize[1]}u % ${inSize[0]}u);
let image = i / ${inPadded * inSize[1] * inSize[0]}u;
let firstOutput = c / ${groupIn}u * ${groupOut}u;
var sum = 0.0f;
for (var ky = 0i; ky < ${kernelSize[0]}i; ky++) {
  let strideRows = iy + ${padding[0]}i - ky * ${dilation[0]}i;
  for (var kx = 0i; kx < ${kernelSize[1]}i; kx++) {
    let strideColumns = ix + ${padding[1]}i - kx * ${dilation[1]}i;
    let y = strideRows / ${stride[0]}i;
    let x = strideColumns / ${stride[1]}i;
    if ((strideRows >= 0i) & (strideRows % ${stride[0]}i == 0i) & (strideColumns >= 0i) &
        (strideColumns % ${stride[1]}i == 0i) & ${isInside(outSize)}) {
      let pixel = ${pixelPlace(outSize, outPadded)};
      for (var o = firstOutput; o < firstOutput + ${groupOut}u; o++) {
        sum += ${dy.at("pixel + o")} * ${weight.at(`${kernelRow} + u32(kx)`)};
      }
    }
  }
}
${result.set("i", "sum")}`,
  });
}

/** Adds the phase of a weight gradient. */
export function directWeightGradient(
  geometry: ConvolutionGeometry,
  { inputs: [input, dy], outputs: [result] }: GraphNode,
  lowering: Lowering,
): void {
  const { batch, groups, inChannels, outChannels, inSize, outSize, kernelSize } = geometry;
  const groupIn = inChannels / groups, groupOut = outChannels / groups;
  const inPadded = paddedChannels(inChannels), outPadded = paddedChannels(outChannels);
  const weights = outChannels * groupIn * kernelSize[0] * kernelSize[1];
  const positions = batch * outSize[0] * outSize[1];
  const { workgroups, index } = coverByGroups(weights);
  lowering.phase({
    name: "conv2dWeightGradient direct",
    operands: { ...lowering.reads("f32", { input, dy }), ...lowering.writes("f32", { result }) },
    workgroupSize: THREADS,
    workgroups,
    flops: convolutionFlops(geometry),
    code: ({ input, dy, result }) => {
      const { globals, statements } = combineThreads("sum", "f32", THREADS);
      return {
        globals: `${borderFunctions(geometry)}\n${globals}`,
        main: `
let weight = ${index};
let kx = weight % ${kernelSize[1]}u;
let ky = weight / ${kernelSize[1]}u % ${kernelSize[0]}u;
let c = weight / ${kernelSize[0] * kernelSize[1]}u % ${groupIn}u;
let o = weight / ${kernelSize[0] * kernelSize[1] * groupIn}u;
let channel = o / ${groupOut}u * ${groupIn}u + c;
var sum = 0.0f;
for (var position = thread; position < ${positions}u; position += ${THREADS}u) {
  let ox = position % ${outSize[1]}u;
  let oy = position / ${outSize[1]}u % ${outSize[0]}u;
  let image = position / ${outSize[0] * outSize[1]}u;
  ${inputPixel(geometry)}
  if (${isInside(inSize)}) {
    sum += ${input.at(`${pixelPlace(inSize, inPadded)} + channel`)} * ${
          dy.at(`position * ${outPadded}u + o`)
        };
  }
}
${statements}
if (thread == 0u && weight < ${weights}u) { ${result.set("weight", "sum")} }`,
      };
    },
  });
}
