import type { Attributes, GraphNode, Op, TensorType, Value } from "./types.ts";

/** A node and its output values. */
export function makeNode(
  op: Op,
  inputs: readonly Value[],
  attributes: Attributes,
  types: readonly TensorType[],
  scope: string,
): GraphNode {
  const outputs: Value[] = [];
  const node: GraphNode = { op, inputs, attributes, outputs, scope };
  types.forEach((type, index) => outputs.push({ ...type, node, index }));
  return node;
}
