/** How normalisations of an image by its own statistics are written in ONNX. */
import {
  type GroupNormalizeAttributes,
  groupNormalizeOp,
  type PixelNormalizeAttributes,
  pixelNormalizeOp,
} from "../ops/row_normalize.ts";
import type { Conversion } from "./onnx_conversion.ts";
import type { OnnxGraph } from "./onnx_graph.ts";

function filled(graph: OnnxGraph, scope: string, length: number, value: number): string {
  return graph.floats(new Float32Array(length).fill(value), [length], `${scope}.constant`);
}

/** `LayerNormalization` is over the last axes: the channels go there and back. */
const normalizePixels: Conversion = (graph, { attributes, inputs, scope }, [x]) => {
  const { eps }: PixelNormalizeAttributes = attributes;
  const move = (x: string, perm: number[]) => graph.node("Transpose", [x], { perm }, scope);
  const ones = filled(graph, scope, inputs[0].shape[1], 1);
  const normal = graph.node("LayerNormalization", [move(x, [0, 2, 3, 1]), ones], {
    axis: -1,
    epsilon: { float: eps },
  }, scope);
  return move(normal, [0, 3, 1, 2]);
};

/** Each group as one channel of a row, as PyTorch writes it. */
const normalizeGroups: Conversion = (graph, { attributes, inputs, scope }, [x]) => {
  const { eps, groups }: GroupNormalizeAttributes = attributes;
  const reshape = (x: string, shape: readonly number[]) =>
    graph.node("Reshape", [x, graph.integers(shape)], {}, scope);
  const [one, zero] = [1, 0].map((value) => filled(graph, scope, groups, value));
  const normal = graph.node("InstanceNormalization", [reshape(x, [0, groups, -1]), one, zero], {
    epsilon: { float: eps },
  }, scope);
  return reshape(normal, [0, ...inputs[0].shape.slice(1)]);
};

/** The conversions by the names of the ops. */
export const normConversions: readonly (readonly [op: string, Conversion])[] = [
  [pixelNormalizeOp.name, normalizePixels],
  [groupNormalizeOp.name, normalizeGroups],
];
