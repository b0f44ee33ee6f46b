/** Pools and their gradients: one invocation for four channels of a pixel. */
import type { GraphNode } from "../../../graph/types.ts";
import type { Pair } from "../../../ops/convolution_geometry.ts";
import type { AvgPool2dAttributes } from "../../../ops/avg_pool2d.ts";
import { type PoolingGeometry, poolingGeometry } from "../../../ops/pooling_geometry.ts";
import type { Constants, KernelFamily, Lowering, Operand } from "../kernel.ts";
import { float, pairConstants } from "../wgsl.ts";
import maxPool from "./max_pool.wgsl" with { type: "text" };
import pixel from "./pixel.wgsl" with { type: "text" };
import windowOfOutput from "./window_of_output.wgsl" with { type: "text" };
import windowsOfPixel from "./windows_of_pixel.wgsl" with { type: "text" };

/** The geometry of a pooling node, forward or gradient. */
function geometryOf({ op, inputs, attributes }: GraphNode): PoolingGeometry {
  return poolingGeometry(op.name, attributes.inputShape ?? inputs[0].shape, attributes);
}

/** The images of a dispatch over pixels. */
export type PixelGeometry = Pick<PoolingGeometry, "batch" | "channels">;

/** Vectors of a pixel. */
function vectorsOf({ channels }: PixelGeometry): number {
  return Math.ceil(channels / 4);
}

/** Adds a dispatch with an invocation for each vector of `size` pixels; `PIXEL` says which. */
export function addPixelDispatch(
  name: string,
  geometry: PixelGeometry,
  size: Pair,
  operands: Record<string, Operand>,
  wgsl: readonly string[],
  lowering: Lowering,
  constants: Constants,
): void {
  const vectors = vectorsOf(geometry);
  lowering.eachItem({
    name,
    operands,
    items: geometry.batch * size[0] * size[1] * vectors,
    constants: { HEIGHT: size[0], WIDTH: size[1], VECTORS: vectors, ...constants },
    wgsl: [pixel, ...wgsl].join("\n"),
  });
}

/** A pool or its gradient over the windows of outputs. */
interface Pool {
  /** Whether an invocation goes through the pixels of a window, or the windows that hold a pixel. */
  readonly isForward: boolean;
  readonly operands: Record<string, Operand>;
  /** WGSL of `State`, of `visit(state, pixel, row, column)` and of `finish(i, pixel, state)`. */
  readonly wgsl: readonly string[];
  readonly constants?: Constants;
}

function addPool(node: GraphNode, pool: Pool, lowering: Lowering): void {
  const geometry = geometryOf(node);
  const { kernelSize, stride, padding, dilation, inSize, outSize } = geometry;
  const { isForward, operands, wgsl, constants } = pool;
  const [size, otherSize] = isForward ? [outSize, inSize] : [inSize, outSize];
  const windows = isForward ? windowOfOutput : windowsOfPixel;
  addPixelDispatch(node.op.name, geometry, size, operands, [...wgsl, windows], lowering, {
    OTHER_HEIGHT: otherSize[0],
    OTHER_WIDTH: otherSize[1],
    ...pairConstants("KERNEL", kernelSize),
    ...pairConstants("STRIDE", stride),
    ...pairConstants("PADDING", padding),
    ...pairConstants("DILATION", dilation),
    ...constants,
  });
}

function lowerMaxPool(node: GraphNode, lowering: Lowering): void {
  const [output, indices] = node.outputs;
  addPool(node, {
    isForward: true,
    operands: {
      ...lowering.reads("vec4<f32>", { input: node.inputs[0] }),
      ...lowering.writes("vec4<f32>", { output }),
      ...lowering.writes("vec4<i32>", { indices }),
    },
    wgsl: [maxPool],
  }, lowering);
}

function lowerMaxPoolGradient(node: GraphNode, lowering: Lowering): void {
  const [dy, indices] = node.inputs;
  addPool(node, {
    isForward: false,
    operands: {
      ...lowering.reads("vec4<f32>", { dy }),
      ...lowering.reads("vec4<i32>", { indices }),
      ...lowering.writes("vec4<f32>", { dx: node.outputs[0] }),
    },
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

/** WGSL of `divisor(y, x)` of an average over the window of an output, and its constants. */
function divisorOf(node: GraphNode): { wgsl: string; constants: Constants } {
  const { countIncludePad, divisorOverride } = node.attributes as AvgPool2dAttributes;
  if (divisorOverride !== undefined) {
    return { wgsl: OVERRIDDEN, constants: { DIVISOR: float(divisorOverride) } };
  }
  const { inSize, padding } = geometryOf(node);
  const margins: Pair = countIncludePad ? padding : [0, 0];
  const ends: Pair = [inSize[0] + margins[0], inSize[1] + margins[1]];
  return {
    wgsl: COUNTED,
    constants: { ...pairConstants("MARGIN", margins), ...pairConstants("END", ends) },
  };
}

const OVERRIDDEN = "fn divisor(y: i32, x: i32) -> f32 { return DIVISOR; }";

/** The pixels of the window that count: those of the image and, if padding does, of the margin. */
const COUNTED = `
fn divisor(y: i32, x: i32) -> f32 {
  let firstRow = y * STRIDE_Y - PADDING_Y;
  let firstColumn = x * STRIDE_X - PADDING_X;
  let rows = min(firstRow + KERNEL_Y, END_Y) - max(firstRow, -MARGIN_Y);
  let columns = min(firstColumn + KERNEL_X, END_X) - max(firstColumn, -MARGIN_X);
  return f32(rows * columns);
}`;

function lowerAvgPool(node: GraphNode, lowering: Lowering): void {
  const { wgsl, constants } = divisorOf(node);
  addPool(node, {
    isForward: true,
    operands: {
      ...lowering.reads("vec4<f32>", { input: node.inputs[0] }),
      ...lowering.writes("vec4<f32>", { output: node.outputs[0] }),
    },
    wgsl: [
      wgsl,
      `
struct State { sum: vec4<f32> }
fn visit(state: State, pixel: Pixel, row: i32, column: i32) -> State {
  return State(state.sum + input(otherPlace(pixel, row, column)));
}
fn finish(i: u32, pixel: Pixel, state: State) {
  storeOutput(i, state.sum / divisor(pixel.y, pixel.x));
}`,
    ],
    constants,
  }, lowering);
}

function lowerAvgPoolGradient(node: GraphNode, lowering: Lowering): void {
  const { wgsl, constants } = divisorOf(node);
  addPool(node, {
    isForward: false,
    operands: {
      ...lowering.reads("vec4<f32>", { dy: node.inputs[0] }),
      ...lowering.writes("vec4<f32>", { dx: node.outputs[0] }),
    },
    wgsl: [
      wgsl,
      `
struct State { sum: vec4<f32> }
fn visit(state: State, pixel: Pixel, row: i32, column: i32) -> State {
  return State(state.sum + dy(otherPlace(pixel, row, column)) / divisor(row, column));
}
fn finish(i: u32, pixel: Pixel, state: State) { storeDx(i, state.sum); }`,
    ],
    constants,
  }, lowering);
}

function lowerGlobalAvgPool({ inputs: [x], outputs }: GraphNode, lowering: Lowering): void {
  const { batch, paddedChannels, pixels } = lowering.layout(x);
  const vectors = paddedChannels / 4;
  lowering.eachItem({
    name: "globalAvgPool2d",
    operands: {
      ...lowering.reads("vec4<f32>", { x }),
      ...lowering.writes("vec4<f32>", { y: outputs[0] }),
    },
    items: batch * vectors,
    constants: { PIXELS: pixels, VECTORS: vectors, SHARE: float(1 / pixels) },
    wgsl: `
fn item(i: u32) {
  let first = i / VECTORS * (PIXELS * VECTORS) + i % VECTORS;
  var sum = vec4<f32>();
  for (var pixel = 0u; pixel < PIXELS; pixel++) {
    sum += x(first + pixel * VECTORS);
  }
  storeY(i, sum * SHARE);
}`,
  });
}

function lowerGlobalAvgPoolGradient({ inputs: [dy], outputs }: GraphNode, lowering: Lowering) {
  const { batch, paddedChannels, pixels } = lowering.layout(outputs[0]);
  const vectors = paddedChannels / 4;
  lowering.eachItem({
    name: "globalAvgPool2dGradient",
    operands: {
      ...lowering.reads("vec4<f32>", { dy }),
      ...lowering.writes("vec4<f32>", { dx: outputs[0] }),
    },
    items: batch * vectors * pixels,
    constants: { PIXELS: pixels, VECTORS: vectors, SHARE: float(1 / pixels) },
    wgsl: `
fn item(i: u32) {
  storeDx(i, dy(i / (VECTORS * PIXELS) * VECTORS + i % VECTORS) * SHARE);
}`,
  });
}

/** A family whose operands are all channels last. */
export function channelsLast(op: string, lower: KernelFamily["lower"]): KernelFamily {
  return {
    ops: [op],
    orders: ({ inputs, outputs }) => ({
      inputs: inputs.map(() => "channelsLast"),
      outputs: outputs.map(() => "channelsLast"),
    }),
    lower,
  };
}

/** All pools. */
export const pools: readonly KernelFamily[] = [
  channelsLast("maxPool2d", lowerMaxPool),
  channelsLast("maxPool2dGradient", lowerMaxPoolGradient),
  channelsLast("avgPool2d", lowerAvgPool),
  channelsLast("avgPool2dGradient", lowerAvgPoolGradient),
  channelsLast("globalAvgPool2d", lowerGlobalAvgPool),
  channelsLast("globalAvgPool2dGradient", lowerGlobalAvgPoolGradient),
];
