/** Average pooling to a given size and its gradient: one invocation for four channels of a pixel. */
import type { GraphNode } from "../../../graph/types.ts";
import type { Pair } from "../../../ops/convolution_geometry.ts";
import type { KernelFamily, Lowering } from "../kernel.ts";
import wgsl from "./adaptive_pooling.wgsl" with { type: "text" };
import { addPixelDispatch, channelsLast } from "./pooling.ts";

/** Sums what each pixel of the result takes; the gradient's taps are the windows that hold it. */
function lower({ op, inputs: [input], outputs: [output] }: GraphNode, lowering: Lowering): void {
  const [batch, channels, height, width] = input.shape;
  const operands = {
    ...lowering.reads("vec4<f32>", { input }),
    ...lowering.writes("vec4<f32>", { output }),
  };
  const area = op.name.endsWith("Gradient") ? WINDOWS_OF_INPUT : WINDOWS_OF_OUTPUT;
  const size: Pair = [output.shape[2], output.shape[3]];
  addPixelDispatch(op.name, { batch, channels }, size, operands, [area, wgsl], lowering, {
    OTHER_HEIGHT: height,
    OTHER_WIDTH: width,
  });
}

/** The pixels of an output's window. */
const WINDOWS_OF_OUTPUT = `
fn area(y: i32, x: i32, row: i32, column: i32) -> i32 {
  return count(y, OTHER_HEIGHT, HEIGHT) * count(x, OTHER_WIDTH, WIDTH);
}`;

/** What is read are the outputs' gradients. */
const WINDOWS_OF_INPUT = `
fn area(y: i32, x: i32, row: i32, column: i32) -> i32 {
  return count(row, HEIGHT, OTHER_HEIGHT) * count(column, WIDTH, OTHER_WIDTH);
}`;

/** The pool and its gradient. */
export const adaptivePools: readonly KernelFamily[] = [
  channelsLast("adaptiveAvgPool2d", lower),
  channelsLast("adaptiveAvgPool2dGradient", lower),
];
