/** What it takes to write an op in ONNX. */
import type { GraphNode } from "../graph/types.ts";
import type { OnnxAttribute, OnnxGraph } from "./onnx_graph.ts";

/**
 * Writes a node, given the names of its inputs, and returns the names of its outputs that ONNX has:
 * of one alone as it is.
 */
export type Conversion = (
  graph: OnnxGraph,
  node: GraphNode,
  inputs: readonly string[],
) => string | string[];

/** For an op that ONNX has under another name. */
export function direct(
  opType: string,
  attributes: Readonly<Record<string, OnnxAttribute>> = {},
): Conversion {
  return (graph, { scope }, inputs) => graph.node(opType, inputs, attributes, scope);
}
