/** The work of a node. */
import type { GraphNode } from "../graph/types.ts";

/** Multiply-accumulate operations of a node; 0 for ops that only move or scale elements. */
export function multiplyAccumulates({ op, inputs, outputs, attributes }: GraphNode): number {
  return op.multiplyAccumulates(inputs, outputs, attributes);
}
