/** Pools and their gradients: one invocation per four channels of a pixel. */
import type { GraphNode } from "../../../graph/types.ts";
import type { AvgPool2dAttributes } from "../../../ops/avg_pool2d.ts";
import type { Pair } from "../../../ops/convolution_geometry.ts";
import { poolingGeometry } from "../../../ops/pooling_geometry.ts";
import { allIn, type KernelFamily, type Lowering } from "../kernel.ts";
import { float, pairConstants } from "../wgsl.ts";
import divisor from "./avg_pool_divisor.wgsl" with { type: "text" };
import maxPool from "./max_pool.wgsl" with { type: "text" };
import { eachPixel, type PixelRequest } from "./pixels.ts";
import windowOfOutput from "./window_of_output.wgsl" with { type: "text" };
import windowsOfPixel from "./windows_of_pixel.wgsl" with { type: "text" };

/**
 * Adds a pool, whose invocations visit the pixels of a window, or its gradient, whose invocations
 * visit the windows that contain a pixel.
 *
 * @param wgsl `State`, `visit(state, pixel, row, column)` and `finish(i, pixel, state)`
 */
function addPool(
  node: GraphNode,
  { constants, wgsl, ...operands }: Omit<PixelRequest, "name">,
  lowering: Lowering,
): void {
  const { op, inputs, attributes } = node;
  const isGradient = op.name.endsWith("Gradient");
  const geometry = poolingGeometry(op.name, attributes.inputShape ?? inputs[0].shape, attributes);
  eachPixel(node.outputs[0].shape, isGradient ? geometry.outSize : geometry.inSize, {
    ...operands,
    name: op.name,
    constants: {
      ...pairConstants("KERNEL", geometry.kernelSize),
      ...pairConstants("STRIDE", geometry.stride),
      ...pairConstants("PADDING", geometry.padding),
      ...pairConstants("DILATION", geometry.dilation),
      ...constants,
    },
    wgsl: [...wgsl, isGradient ? windowsOfPixel : windowOfOutput],
  }, lowering);
}

function lowerMaxPool(node: GraphNode, lowering: Lowering): void {
  const { inputs: [input], outputs: [output, indices] } = node;
  addPool(node, {
    reads: { "vec4<f32>": { input } },
    writes: { "vec4<f32>": { output }, "vec4<i32>": { indices } },
    wgsl: [maxPool],
  }, lowering);
}

function lowerMaxPoolGradient(node: GraphNode, lowering: Lowering): void {
  const { inputs: [dy, indices], outputs: [dx] } = node;
  addPool(node, {
    reads: { "vec4<f32>": { dy }, "vec4<i32>": { indices } },
    writes: { "vec4<f32>": { dx } },
    wgsl: [`
struct State { sum: vec4<f32> }
fn visit(state: State, pixel: Pixel, row: i32, column: i32) -> State {
  let place = otherPlace(pixel, row, column);
  let isOwn = indices(place) == vec4<i32>(pixel.y * WIDTH + pixel.x);
  return State(state.sum + select(vec4<f32>(), dy(place), isOwn));
}
fn finish(i: u32, pixel: Pixel, state: State) { storeDx(i, state.sum); }`],
  }, lowering);
}

function lowerAvgPool(node: GraphNode, lowering: Lowering): void {
  const { op, inputs: [x], outputs: [y] } = node;
  const { countIncludePad, divisorOverride, padding } = node.attributes as AvgPool2dAttributes;
  const shape = node.attributes.inputShape ?? x.shape;
  const margins: Pair = countIncludePad ? padding : [0, 0];
  addPool(node, {
    reads: { "vec4<f32>": { x } },
    writes: { "vec4<f32>": { y } },
    constants: {
      HAS_DIVISOR: divisorOverride !== undefined,
      DIVISOR: float(divisorOverride ?? 1),
      ...pairConstants("MARGIN", margins),
      ...pairConstants("END", [shape[2] + margins[0], shape[3] + margins[1]]),
    },
    wgsl: [divisor, op.name.endsWith("Gradient") ? SUM_OF_QUOTIENTS : QUOTIENT_OF_SUM],
  }, lowering);
}

const QUOTIENT_OF_SUM = `
struct State { sum: vec4<f32> }
fn visit(state: State, pixel: Pixel, row: i32, column: i32) -> State {
  return State(state.sum + x(otherPlace(pixel, row, column)));
}
fn finish(i: u32, pixel: Pixel, state: State) {
  storeY(i, state.sum / divisor(pixel.y, pixel.x));
}`;

const SUM_OF_QUOTIENTS = `
struct State { sum: vec4<f32> }
fn visit(state: State, pixel: Pixel, row: i32, column: i32) -> State {
  return State(state.sum + x(otherPlace(pixel, row, column)) / divisor(row, column));
}
fn finish(i: u32, pixel: Pixel, state: State) { storeY(i, state.sum); }`;

function lowerGlobalAvgPool(
  { op, inputs: [x], outputs: [y] }: GraphNode,
  lowering: Lowering,
): void {
  const isGradient = op.name.endsWith("Gradient");
  const { batch, paddedChannels, pixels } = lowering.layout(isGradient ? y : x);
  const vectors = paddedChannels / 4;
  lowering.eachItem({
    name: op.name,
    reads: { "vec4<f32>": { x } },
    writes: { "vec4<f32>": { y } },
    items: batch * vectors * (isGradient ? pixels : 1),
    constants: { PIXELS: pixels, VECTORS: vectors, SHARE: float(1 / pixels) },
    wgsl: isGradient ? SPREAD_SHARES : MEAN_OF_PIXELS,
  });
}

const MEAN_OF_PIXELS = `
fn item(i: u32) {
  let first = i / VECTORS * (PIXELS * VECTORS) + i % VECTORS;
  var sum = vec4<f32>();
  for (var pixel = 0u; pixel < PIXELS; pixel++) {
    sum += x(first + pixel * VECTORS);
  }
  storeY(i, sum * SHARE);
}`;

const SPREAD_SHARES = `
fn item(i: u32) { storeY(i, x(i / (VECTORS * PIXELS) * VECTORS + i % VECTORS) * SHARE); }`;

function family(ops: string[], lower: KernelFamily["lower"]): KernelFamily {
  return { ops, orders: allIn("channelsLast"), lower };
}

/** All pools with windows of one size. */
export const pools: readonly KernelFamily[] = [
  family(["maxPool2d"], lowerMaxPool),
  family(["maxPool2dGradient"], lowerMaxPoolGradient),
  family(["avgPool2d", "avgPool2dGradient"], lowerAvgPool),
  family(["globalAvgPool2d", "globalAvgPool2dGradient"], lowerGlobalAvgPool),
];
