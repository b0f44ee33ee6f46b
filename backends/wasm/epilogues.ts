/**
 * Convolutions that also do what follows them: the ReLU, and before it the addition of a residual, as
 * a folded network has behind every convolution. The result is then written once instead of being
 * read and written again.
 */
import { countUses, rewriteProgram } from "../../graph/rewrite.ts";
import { makeNode } from "../../graph/trace.ts";
import { type FusedAttributes, fusedOp, passOp } from "../../graph/passes/mod.ts";
import { type GraphNode, type Program, sameShape, type Value } from "../../graph/types.ts";
import { addOp } from "../../ops/add.ts";
import { conv2dOp } from "../../ops/conv2d.ts";
import type { ConvolutionAttributes } from "../../ops/convolution_geometry.ts";
import { reluOp } from "../../ops/relu.ts";

/** Attributes of {@link conv2dReluOp}: the convolution's, and whether the third input is its bias. */
export interface Conv2dReluAttributes extends ConvolutionAttributes {
  readonly hasBias: boolean;
}

/**
 * `relu(conv2d(input, weight[, bias])[ + residual])`; the inputs are those, in this order. Made by
 * {@link fuseEpilogues} only.
 */
export const conv2dReluOp = passOp<Conv2dReluAttributes>("conv2dRelu");

/** The program with every ReLU, and a residual added before it, taken into the convolution before. */
export function fuseEpilogues(program: Program): Program {
  const uses = countUses(program);
  const position = new Map(program.nodes.map((node, i) => [node, i]));
  const hosts = new Map<GraphNode, Value>();
  for (const node of program.nodes) {
    const [host] = rectified(node)
      .filter((value) => value.node.op === conv2dOp && uses.get(value) === 1)
      .sort((a, b) => position.get(b.node)! - position.get(a.node)!);
    if (host) hosts.set(node, host);
  }
  const absorbed = new Set([...hosts.values()].map(({ node }) => node));
  return rewriteProgram(program, (node, rewriter) => {
    // Only the node it is taken into refers to it.
    if (absorbed.has(node)) return node.outputs;
    const host = hosts.get(node);
    if (!host) return undefined;
    const residual = node.inputs.filter((value) => value !== host);
    const { inputs, attributes, scope } = host.node;
    return rewriter.emit(makeNode(
      conv2dReluOp,
      [...inputs, ...residual].map(rewriter.replacement),
      { ...attributes, hasBias: inputs.length > 2 },
      node.outputs,
      scope,
    ));
  });
}

/** The values whose sum a node rectifies, one or two; none if it does anything else. */
function rectified({ op, inputs, outputs, attributes }: GraphNode): readonly Value[] {
  if (op === reluOp) return inputs;
  if (op !== fusedOp || inputs.length !== 2) return [];
  const { steps } = attributes as FusedAttributes;
  const [sum, last] = steps;
  const isSum = steps.length === 2 && sum.op === addOp && last.op === reluOp &&
    sum.operands.every((operand) => "input" in operand) &&
    inputs.every((input) => sameShape(input.shape, outputs[0].shape));
  return isSum ? inputs : [];
}
