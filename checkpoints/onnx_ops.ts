/**
 * How the ops of an inference program are written in ONNX, opset 17. An elementwise op needs no line
 * here: its scalar expression is written out in ONNX's arithmetic.
 *
 * Sizes of images are fixed when a program is traced, so paddings that PyTorch and ONNX round
 * differently are written out as numbers instead of being left to a `ceil_mode`.
 */
import { InputError } from "../errors.ts";
import type { Arithmetic, GraphNode, Value } from "../graph/types.ts";
import { adaptiveAvgPool2dOp, adaptiveWindow } from "../ops/adaptive_avg_pool2d.ts";
import { averageDivisor, type AvgPool2dAttributes, avgPool2dOp } from "../ops/avg_pool2d.ts";
import { type ChannelNormalizeAttributes, channelNormalizeOp } from "../ops/channel_normalize.ts";
import { conv2dOp } from "../ops/conv2d.ts";
import type { ConvolutionAttributes, Pair } from "../ops/convolution_geometry.ts";
import { broadcastOf } from "../ops/elementwise.ts";
import { gateOp } from "../ops/gate.ts";
import { globalAvgPool2dOp } from "../ops/global_avg_pool2d.ts";
import { linearOp } from "../ops/linear.ts";
import { type MatmulAttributes, matmulOp } from "../ops/matmul.ts";
import { maxPool2dOp } from "../ops/max_pool2d.ts";
import {
  type PoolingAttributes,
  type PoolingGeometry,
  poolingGeometry,
  poolingWindow,
} from "../ops/pooling_geometry.ts";
import { reshapeOp } from "../ops/reshape.ts";
import { logSoftmaxOp, softmaxOp } from "../ops/softmax.ts";
import { activationConversion } from "./onnx_activations.ts";
import { channelConversions } from "./onnx_channels.ts";
import { type Conversion, direct } from "./onnx_conversion.ts";
import type { OnnxGraph } from "./onnx_graph.ts";
import { normConversions } from "./onnx_norms.ts";

const CONVERSIONS: ReadonlyMap<string, Conversion> = new Map<string, Conversion>([
  [conv2dOp.name, convolution],
  [linearOp.name, direct("Gemm", { transB: 1 })],
  [matmulOp.name, matrixProduct],
  [channelNormalizeOp.name, batchNormalization],
  ...channelConversions,
  ...normConversions,
  [maxPool2dOp.name, maxPool],
  [avgPool2dOp.name, averagePool],
  [adaptiveAvgPool2dOp.name, adaptiveAveragePool],
  [gateOp.name, direct("Mul")],
  [globalAvgPool2dOp.name, direct("GlobalAveragePool")],
  [
    reshapeOp.name,
    (graph, { attributes, scope }, [x]) =>
      graph.node("Reshape", [x, graph.integers(attributes.shape)], {}, scope),
  ],
  [softmaxOp.name, direct("Softmax", { axis: 1 })],
  [logSoftmaxOp.name, direct("LogSoftmax", { axis: 1 })],
]);

/**
 * Appends a node of an inference program to an ONNX graph and returns the names of its outputs that
 * ONNX has. Throws InputError for an op that has no form there.
 */
export function convertNode(
  graph: OnnxGraph,
  node: GraphNode,
  inputs: readonly string[],
): string[] {
  const conversion = CONVERSIONS.get(node.op.name) ?? activationConversion(node);
  if (conversion) return [conversion(graph, node, inputs)].flat();
  if (node.op.elementwise) return elementwise(graph, node, inputs);
  throw new InputError(
    `${node.scope || "the network"}: the op "${node.op.name}" cannot be written in ONNX; ` +
      "predict with the folded safetensors file instead",
  );
}

function convolution(graph: OnnxGraph, node: GraphNode, inputs: readonly string[]): string {
  const { attributes, scope, inputs: [input, weight] } = node;
  const { stride, padding, dilation, groups, paddingMode }: ConvolutionAttributes = attributes;
  const [x, ...parameters] = inputs;
  const isZeroPadded = paddingMode === "zeros";
  const padded = isZeroPadded ? x : padImage(graph, x, input, attributes, scope);
  return graph.node("Conv", [padded, ...parameters], {
    kernel_shape: weight.shape.slice(2),
    strides: stride,
    dilations: dilation,
    group: groups,
    pads: isZeroPadded ? [...padding, ...padding] : [0, 0, 0, 0],
  }, scope);
}

/** Adds rows and columns that are not zero on all sides of an image. */
function padImage(
  graph: OnnxGraph,
  x: string,
  image: Value,
  { padding, paddingMode }: ConvolutionAttributes,
  scope: string,
): string {
  if (paddingMode === "circular") return wrapImage(graph, x, image, padding, scope);
  const mode = paddingMode === "reflect" ? "reflect" : "edge";
  const amounts = [0, 0, ...padding, 0, 0, ...padding];
  return graph.node("Pad", [x, graph.integers(amounts)], { mode }, scope);
}

/** `Pad` can repeat an image only from opset 19 on; parts of it beside it do the same. */
function wrapImage(
  graph: OnnxGraph,
  x: string,
  image: Value,
  padding: Pair,
  scope: string,
): string {
  let wrapped = x;
  for (const axis of [2, 3]) {
    const amount = padding[axis - 2];
    if (amount === 0) continue;
    const part = (start: number, end: number) => {
      const bounds = [start, end, axis].map((bound) => graph.integers([bound]));
      return graph.node("Slice", [wrapped, ...bounds], {}, scope);
    };
    const size = image.shape[axis];
    const parts = [part(size - amount, size), wrapped, part(0, amount)];
    wrapped = graph.node("Concat", parts, { axis }, scope);
  }
  return wrapped;
}

function matrixProduct(graph: OnnxGraph, node: GraphNode, inputs: readonly string[]): string {
  const { transposeA, transposeB }: MatmulAttributes = node.attributes;
  const attributes = { transA: Number(transposeA), transB: Number(transposeB) };
  return graph.node("Gemm", inputs, attributes, node.scope);
}

function batchNormalization(graph: OnnxGraph, node: GraphNode, inputs: readonly string[]): string {
  const { eps }: ChannelNormalizeAttributes = node.attributes;
  const [x, mean, variance, weight, bias] = inputs;
  const channels = node.inputs[1].shape;
  const filled = (value: number) =>
    graph.floats(new Float32Array(channels[0]).fill(value), channels, `${node.scope}.constant`);
  const parameters = [weight ?? filled(1), bias ?? filled(0), mean, variance];
  return graph.node("BatchNormalization", [x, ...parameters], {
    epsilon: { float: eps },
  }, node.scope);
}

function maxPool(graph: OnnxGraph, node: GraphNode, inputs: readonly string[]): string {
  const geometry = poolingGeometry("maxPool2d", node.inputs[0].shape, node.attributes);
  const { kernelSize, stride, dilation } = geometry;
  const pads = poolingPads(geometry);
  // A pooling may not pad as much as its window is long, which a last dilated window can need.
  const isLarge = pads.some((amount, i) => amount >= kernelSize[i % 2]);
  const x = isLarge ? padWithLowest(graph, inputs[0], pads, node.scope) : inputs[0];
  return graph.node("MaxPool", [x], {
    kernel_shape: kernelSize,
    strides: stride,
    dilations: dilation,
    pads: isLarge ? [0, 0, 0, 0] : pads,
  }, node.scope);
}

function padWithLowest(
  graph: OnnxGraph,
  x: string,
  [top, left, bottom, right]: readonly number[],
  scope: string,
): string {
  const amounts = graph.integers([0, 0, top, left, 0, 0, bottom, right]);
  const lowest = graph.floats(Float32Array.of(-Infinity), [], "lowest");
  return graph.node("Pad", [x, amounts, lowest], { mode: "constant" }, scope);
}

/**
 * ONNX averages over the whole window. Where PyTorch divides by another number, the result is
 * multiplied by a constant image of the ratios.
 */
function averagePool(graph: OnnxGraph, node: GraphNode, inputs: readonly string[]): string {
  const attributes: AvgPool2dAttributes = node.attributes;
  const geometry = poolingGeometry("avgPool2d", node.inputs[0].shape, attributes);
  const { kernelSize, stride, outSize } = geometry;
  const mean = graph.node("AveragePool", inputs, {
    kernel_shape: kernelSize,
    strides: stride,
    pads: poolingPads(geometry),
    count_include_pad: 1,
  }, node.scope);
  const area = kernelSize[0] * kernelSize[1];
  const ratios = Float64Array.from({ length: outSize[0] * outSize[1] }, (_, i) => {
    const rows = poolingWindow(geometry, 0, Math.floor(i / outSize[1]));
    const columns = poolingWindow(geometry, 1, i % outSize[1]);
    return area / averageDivisor(rows, columns, attributes);
  });
  if (ratios.every((ratio) => ratio === 1)) return mean;
  const factors = graph.floats(ratios, outSize, `${node.scope}.ratios`);
  return graph.node("Mul", [mean, factors], {}, node.scope);
}

/** ONNX has no pools of uneven windows: two matrices average over the columns, then over the rows. */
function adaptiveAveragePool(graph: OnnxGraph, node: GraphNode, [x]: readonly string[]): string {
  const [input, output] = [node.inputs[0].shape, node.outputs[0].shape];
  /** [outSize, inSize] along an axis, transposed if so asked. */
  const averages = (axis: 2 | 3, transposed: boolean) => {
    const [inSize, outSize] = [input[axis], output[axis]];
    const matrix = new Float64Array(inSize * outSize);
    for (let position = 0; position < outSize; position++) {
      const { start, end } = adaptiveWindow(inSize, outSize, position);
      for (let pixel = start; pixel < end; pixel++) {
        matrix[transposed ? pixel * outSize + position : position * inSize + pixel] = 1 /
          (end - start);
      }
    }
    const shape = transposed ? [inSize, outSize] : [outSize, inSize];
    return graph.floats(matrix, shape, `${node.scope}.averages`);
  };
  const narrowed = graph.node("MatMul", [x, averages(3, true)], {}, node.scope);
  return graph.node("MatMul", [averages(2, false), narrowed], {}, node.scope);
}

/** Padding [top, left, bottom, right] with which rounding down gives the pooling's output size. */
function poolingPads(geometry: PoolingGeometry): number[] {
  const { kernelSize, stride, padding, dilation, inSize, outSize }:
    & PoolingAttributes
    & PoolingGeometry = geometry;
  const end = ([0, 1] as const).map((axis) => {
    const reach = dilation[axis] * (kernelSize[axis] - 1) + 1;
    const covered = (outSize[axis] - 1) * stride[axis] + reach;
    return Math.max(0, covered - inSize[axis] - padding[axis]);
  });
  return [...padding, ...end];
}

function elementwise(graph: OnnxGraph, node: GraphNode, inputs: readonly string[]): string[] {
  const { op, attributes, scope, outputs: [output] } = node;
  const operands = inputs.map((name, i) => {
    const { shape } = node.inputs[i];
    const isPerChannel = broadcastOf(shape, output.shape) === "channel" && shape.length === 1;
    const trailing = output.shape.slice(2).map((_, axis) => axis + 1);
    return isPerChannel && trailing.length > 0
      ? graph.node("Unsqueeze", [name, graph.integers(trailing)], {}, scope)
      : name;
  });
  return op.elementwise?.expression(arithmeticOf(graph, scope), operands, attributes) ?? [];
}

/** Scalar arithmetic as nodes of a graph. */
function arithmeticOf(graph: OnnxGraph, scope: string): Arithmetic<string> {
  const apply = (opType: string) => (...operands: string[]) =>
    graph.node(opType, operands, {}, scope);
  return {
    constant: (value) => graph.floats(Float64Array.of(value), []),
    add: apply("Add"),
    subtract: apply("Sub"),
    multiply: apply("Mul"),
    divide: apply("Div"),
    maximum: apply("Max"),
    minimum: apply("Min"),
    squareRoot: apply("Sqrt"),
    tanh: apply("Tanh"),
    exp: apply("Exp"),
    log1p: (a) => apply("Log")(apply("Add")(a, graph.floats(Float64Array.of(1), []))),
    selectGreater: (a, b, ifGreater, otherwise) =>
      apply("Where")(apply("Greater")(a, b), ifGreater, otherwise),
  };
}
