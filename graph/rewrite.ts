/** The one way passes change a program: rebuild it node by node. */
import { makeNode } from "./node.ts";
import type { GraphNode, Program, Value } from "./types.ts";

/** Collects the nodes of the rebuilt program. */
export interface Rewriter {
  /** Appends a node to the rebuilt program and returns its outputs. */
  emit(node: GraphNode): readonly Value[];
  /** The rebuilt program's value for a value of the old program. */
  replacement(value: Value): Value;
}

/**
 * Rebuilds a program. `rewriteNode` is called for every node in order and returns the replacements
 * of the node's outputs; undefined copies the node.
 */
export function rewriteProgram(
  program: Program,
  rewriteNode: (node: GraphNode, rewriter: Rewriter) => readonly Value[] | undefined,
): Program {
  const nodes: GraphNode[] = [];
  const replaced = new Map<Value, Value>();
  const rewriter: Rewriter = {
    emit(node) {
      nodes.push(node);
      return node.outputs;
    },
    replacement(value) {
      const found = replaced.get(value);
      if (!found) throw new Error(`${value.node.op.name} is used before it is computed`);
      return found;
    },
  };
  for (const node of program.nodes) {
    const outputs = rewriteNode(node, rewriter) ??
      rewriter.emit(withInputs(node, node.inputs.map(rewriter.replacement)));
    node.outputs.forEach((value, i) => replaced.set(value, outputs[i]));
  }
  return {
    ...program,
    nodes,
    outputs: Object.fromEntries(
      Object.entries(program.outputs).map(([name, value]) => [name, rewriter.replacement(value)]),
    ),
    updates: program.updates.map((update) => ({
      ...update,
      value: rewriter.replacement(update.value),
    })),
  };
}

export function withInputs(node: GraphNode, inputs: readonly Value[]): GraphNode {
  return makeNode(node.op, inputs, node.attributes, node.outputs, node.scope);
}

/** The number of uses of each value by nodes, outputs and updates. */
export function countUses(program: Program): Map<Value, number> {
  const uses = new Map<Value, number>();
  const use = (value: Value) => uses.set(value, (uses.get(value) ?? 0) + 1);
  program.nodes.forEach((node) => node.inputs.forEach(use));
  Object.values(program.outputs).forEach(use);
  program.updates.forEach((update) => use(update.value));
  return uses;
}
