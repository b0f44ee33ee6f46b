/** Average pooling to a given size and its gradient: one invocation for four channels of a pixel. */
import type { GraphNode } from "../../../graph/types.ts";
import type { Pair } from "../../../ops/convolution_geometry.ts";
import type { KernelFamily, Lowering } from "../kernel.ts";
import { addPixelPhase, channelsLast, placeOf } from "./pooling.ts";

/** WGSL functions `start` and `end` of what number `i` of `parts` takes of `size`; see `adaptiveWindow`. */
const GLOBALS = `
fn start(i: i32, size: i32, parts: i32) -> i32 { return i * size / parts; }
fn end(i: i32, size: i32, parts: i32) -> i32 { return ((i + 1i) * size + parts - 1i) / parts; }`;

/** Sums what each pixel of the result takes; the gradient's taps are the windows that hold it. */
function lower({ op, inputs: [input], outputs: [output] }: GraphNode, lowering: Lowering): void {
  const [batch, channels, height, width] = input.shape;
  const inSize: Pair = [height, width];
  const outSize: Pair = [output.shape[2], output.shape[3]];
  const count = (position: string, axis: 0 | 1, from: Pair, to: Pair) => {
    const sizes = `${position}, ${from[axis]}i, ${to[axis]}i`;
    return `(end(${sizes}) - start(${sizes}))`;
  };
  const area = op.name.endsWith("Gradient")
    ? `f32(${count("row", 0, outSize, inSize)} * ${count("column", 1, outSize, inSize)})`
    : `f32(${count("y", 0, inSize, outSize)} * ${count("x", 1, inSize, outSize)})`;
  const geometry = { batch, channels };
  addPixelPhase(
    op.name,
    geometry,
    outSize,
    {
      ...lowering.reads("vec4<f32>", { input }),
      ...lowering.writes("vec4<f32>", { output }),
    },
    ({ input, output }) => `
var sum = vec4<f32>();
let lastRow = end(y, ${inSize[0]}i, ${outSize[0]}i);
let lastColumn = end(x, ${inSize[1]}i, ${outSize[1]}i);
for (var row = start(y, ${inSize[0]}i, ${outSize[0]}i); row < lastRow; row++) {
  for (var column = start(x, ${inSize[1]}i, ${outSize[1]}i); column < lastColumn; column++) {
    sum += ${input.at(placeOf(geometry, inSize))} / ${area};
  }
}
${output.set("i", "sum")}`,
    lowering,
    GLOBALS,
  );
}

/** The pool and its gradient. */
export const adaptivePools: readonly KernelFamily[] = [
  channelsLast("adaptiveAvgPool2d", lower),
  channelsLast("adaptiveAvgPool2dGradient", lower),
];
