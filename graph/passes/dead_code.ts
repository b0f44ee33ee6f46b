/** Dead-code elimination. */
import { inputOp } from "../leaves.ts";
import type { GraphNode, Program, Value } from "../types.ts";

/**
 * The program without the nodes that no output and no update depends on. Inputs stay: they are part
 * of how the program is called.
 */
export function eliminateDeadCode(program: Program): Program {
  const live = new Set<GraphNode>();
  const keep = (value: Value) => live.add(value.node);
  Object.values(program.outputs).forEach(keep);
  program.updates.forEach((update) => keep(update.value));
  for (let i = program.nodes.length - 1; i >= 0; i--) {
    const node = program.nodes[i];
    if (live.has(node)) node.inputs.forEach(keep);
  }
  return {
    ...program,
    nodes: program.nodes.filter((node) => live.has(node) || node.op === inputOp),
  };
}
