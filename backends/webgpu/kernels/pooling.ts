/** Pools and their gradients: one invocation for four channels of a pixel. */
import type { GraphNode } from "../../../graph/types.ts";
import type { AvgPool2dAttributes } from "../../../ops/avg_pool2d.ts";
import { type PoolingGeometry, poolingGeometry } from "../../../ops/pooling_geometry.ts";
import type { ItemPhase, KernelFamily, Lowering, PhaseOperand } from "../kernel.ts";
import { float, isNan } from "../wgsl.ts";

/** The geometry of a pooling node, forward or gradient. */
function geometryOf({ op, inputs, attributes }: GraphNode): PoolingGeometry {
  return poolingGeometry(op.name, attributes.inputShape ?? inputs[0].shape, attributes);
}

/** The images of a phase over pixels. */
export type PixelGeometry = Pick<PoolingGeometry, "batch" | "channels">;

/** Vectors of a pixel. */
function vectorsOf({ channels }: PixelGeometry): number {
  return Math.ceil(channels / 4);
}

/** Adds a phase with an invocation for each vector `i` of `size` pixels: `image`, `y`, `x`, `vector`. */
export function addPixelPhase(
  name: string,
  geometry: PixelGeometry,
  size: readonly [number, number],
  operands: Record<string, PhaseOperand>,
  main: ItemPhase["main"],
  lowering: Lowering,
  globals?: string,
): void {
  const vectors = vectorsOf(geometry);
  lowering.eachItem({
    name,
    operands,
    items: geometry.batch * size[0] * size[1] * vectors,
    globals,
    main: (accessors) => `
let vector = i % ${vectors}u;
let x = i32(i / ${vectors}u % ${size[1]}u);
let y = i32(i / ${vectors * size[1]}u % ${size[0]}u);
let image = i / ${vectors * size[1] * size[0]}u;
${main(accessors)}`,
  });
}

/** WGSL that runs `body` for every pixel `row`, `column` of the image in the window of output `y`, `x`. */
function eachOfWindow(geometry: PoolingGeometry, body: string): string {
  const { kernelSize, stride, padding, dilation, inSize } = geometry;
  return `
for (var ky = 0i; ky < ${kernelSize[0]}i; ky++) {
  let row = y * ${stride[0]}i - ${padding[0]}i + ky * ${dilation[0]}i;
  if (row < 0i || row >= ${inSize[0]}i) { continue; }
  for (var kx = 0i; kx < ${kernelSize[1]}i; kx++) {
    let column = x * ${stride[1]}i - ${padding[1]}i + kx * ${dilation[1]}i;
    if (column < 0i || column >= ${inSize[1]}i) { continue; }
    ${body}
  }
}`;
}

/** WGSL that runs `body` for every output `row`, `column` whose window holds the pixel `y`, `x`. */
function eachWindowOf(geometry: PoolingGeometry, body: string): string {
  const { kernelSize, stride, padding, dilation, outSize } = geometry;
  return `
for (var ky = 0i; ky < ${kernelSize[0]}i; ky++) {
  let fromRow = y + ${padding[0]}i - ky * ${dilation[0]}i;
  let row = fromRow / ${stride[0]}i;
  if (fromRow < 0i || fromRow % ${stride[0]}i != 0i || row >= ${outSize[0]}i) { continue; }
  for (var kx = 0i; kx < ${kernelSize[1]}i; kx++) {
    let fromColumn = x + ${padding[1]}i - kx * ${dilation[1]}i;
    let column = fromColumn / ${stride[1]}i;
    if (fromColumn < 0i || fromColumn % ${stride[1]}i != 0i || column >= ${
    outSize[1]
  }i) { continue; }
    ${body}
  }
}`;
}

/** WGSL expression of the place of the vector of pixel `row`, `column`. */
export function placeOf(geometry: PixelGeometry, size: readonly [number, number]): string {
  return `((image * ${size[0]}u + u32(row)) * ${size[1]}u + u32(column)) * ${
    vectorsOf(geometry)
  }u + vector`;
}

function lowerMaxPool(node: GraphNode, lowering: Lowering): void {
  const geometry = geometryOf(node);
  const [output, indices] = node.outputs;
  addPixelPhase("maxPool2d", geometry, geometry.outSize, {
    ...lowering.reads("vec4<f32>", { input: node.inputs[0] }),
    ...lowering.writes("vec4<f32>", { output }),
    ...lowering.writes("vec4<i32>", { indices }),
  }, ({ input, output, indices }) => `
var most = vec4<f32>();
var place = vec4<i32>();
var isFirst = true;
${
    eachOfWindow(
      geometry,
      `let value = ${input.at(placeOf(geometry, geometry.inSize))};
    let exceeds = (value > most) & !${isNan("most", "vec4<u32>")};
    let takes = exceeds | ${isNan("value", "vec4<u32>")} | vec4<bool>(isFirst);
    most = select(most, value, takes);
    place = select(place, vec4<i32>(row * ${geometry.inSize[1]}i + column), takes);
    isFirst = false;`,
    )
  }
${output.set("i", "most")}
${indices.set("i", "place")}`, lowering);
}

function lowerMaxPoolGradient(node: GraphNode, lowering: Lowering): void {
  const geometry = geometryOf(node);
  const [dy, indices] = node.inputs;
  addPixelPhase("maxPool2dGradient", geometry, geometry.inSize, {
    ...lowering.reads("vec4<f32>", { dy }),
    ...lowering.reads("vec4<i32>", { indices }),
    ...lowering.writes("vec4<f32>", { dx: node.outputs[0] }),
  }, ({ dy, indices, dx }) => `
let own = vec4<i32>(y * ${geometry.inSize[1]}i + x);
var sum = vec4<f32>();
${
    eachWindowOf(
      geometry,
      `let place = ${placeOf(geometry, geometry.outSize)};
    sum += select(vec4<f32>(), ${dy.at("place")}, ${indices.at("place")} == own);`,
    )
  }
${dx.set("i", "sum")}`, lowering);
}

/** WGSL function `divisor(y, x)` of an average over the window of output `y`, `x`. */
function divisorFunction(
  geometry: PoolingGeometry,
  { countIncludePad, divisorOverride }: AvgPool2dAttributes,
): string {
  const signature = "fn divisor(y: i32, x: i32) -> f32";
  if (divisorOverride !== undefined) return `${signature} { return f32(${divisorOverride}); }`;
  const { kernelSize, stride, padding, inSize } = geometry;
  const [rows, columns] = (["y", "x"] as const).map((position, axis) => {
    const first = `(${position} * ${stride[axis]}i - ${padding[axis]}i)`;
    const limit = inSize[axis] + (countIncludePad ? padding[axis] : 0);
    const end = `min(${first} + ${kernelSize[axis]}i, ${limit}i)`;
    return `(${end} - ${countIncludePad ? first : `max(${first}, 0i)`})`;
  });
  return `${signature} { return f32(${rows} * ${columns}); }`;
}

function lowerAvgPool(node: GraphNode, lowering: Lowering): void {
  const geometry = geometryOf(node);
  addPixelPhase(
    "avgPool2d",
    geometry,
    geometry.outSize,
    {
      ...lowering.reads("vec4<f32>", { input: node.inputs[0] }),
      ...lowering.writes("vec4<f32>", { output: node.outputs[0] }),
    },
    ({ input, output }) => `
var sum = vec4<f32>();
${eachOfWindow(geometry, `sum += ${input.at(placeOf(geometry, geometry.inSize))};`)}
${output.set("i", "sum / divisor(y, x)")}`,
    lowering,
    divisorFunction(geometry, node.attributes),
  );
}

function lowerAvgPoolGradient(node: GraphNode, lowering: Lowering): void {
  const geometry = geometryOf(node);
  addPixelPhase(
    "avgPool2dGradient",
    geometry,
    geometry.inSize,
    {
      ...lowering.reads("vec4<f32>", { dy: node.inputs[0] }),
      ...lowering.writes("vec4<f32>", { dx: node.outputs[0] }),
    },
    ({ dy, dx }) => `
var sum = vec4<f32>();
${
      eachWindowOf(
        geometry,
        `sum += ${dy.at(placeOf(geometry, geometry.outSize))} / divisor(row, column);`,
      )
    }
${dx.set("i", "sum")}`,
    lowering,
    divisorFunction(geometry, node.attributes),
  );
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
    main: ({ x, y }) => `
let first = i / ${vectors}u * ${pixels * vectors}u + i % ${vectors}u;
var sum = vec4<f32>();
for (var pixel = 0u; pixel < ${pixels}u; pixel++) {
  sum += ${x.at(`first + pixel * ${vectors}u`)};
}
${y.set("i", `sum * ${float(1 / pixels)}`)}`,
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
    main: ({ dy, dx }) => `
let average = ${dy.at(`i / ${vectors * pixels}u * ${vectors}u + i % ${vectors}u`)};
${dx.set("i", `average * ${float(1 / pixels)}`)}`,
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
