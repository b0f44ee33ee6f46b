/**
 * Fuses convolutions with their epilogue: an activation and, before it, the addition of a residual,
 * which a folded network has after every convolution. The result is then written once instead of
 * being read and written again.
 */
import { makeNode } from "../../graph/node.ts";
import { type FusedAttributes, fusedOp, passOp } from "../../graph/passes/mod.ts";
import { countUses, rewriteProgram } from "../../graph/rewrite.ts";
import {
  type Attributes,
  type GraphNode,
  type Op,
  type Program,
  sameShape,
  type Value,
} from "../../graph/types.ts";
import { addOp } from "../../ops/add.ts";
import { conv2dOp } from "../../ops/conv2d.ts";
import type { ConvolutionAttributes } from "../../ops/convolution_geometry.ts";
import { hardSigmoidOp } from "../../ops/hard_sigmoid.ts";
import { hardSwishOp } from "../../ops/hard_swish.ts";
import { leakyReluOp } from "../../ops/leaky_relu.ts";
import { reluOp } from "../../ops/relu.ts";
import { relu6Op } from "../../ops/relu6.ts";

/** Activations of a few instructions, whose registers fit next to the sums of a convolution. */
const CHEAP: ReadonlySet<Op> = new Set<Op>([
  reluOp,
  relu6Op,
  leakyReluOp,
  hardSigmoidOp,
  hardSwishOp,
]);

/** An elementwise op of one operand. */
export interface Activation {
  readonly op: Op;
  readonly attributes: Attributes;
}

/** Attributes of {@link conv2dActivationOp}: the convolution's, and its epilogue. */
export interface Conv2dActivationAttributes extends ConvolutionAttributes {
  /** Whether the third input is its bias. */
  readonly hasBias: boolean;
  readonly activation: Activation;
}

/**
 * `activation(conv2d(input, weight[, bias])[ + residual])`; the inputs are those, in this order.
 * Made only by {@link fuseEpilogues}.
 */
export const conv2dActivationOp = passOp<Conv2dActivationAttributes>("conv2dActivation");

/** Fuses every cheap activation, and a residual added before it, into the preceding convolution. */
export function fuseEpilogues(program: Program): Program {
  const uses = countUses(program);
  const position = new Map(program.nodes.map((node, i) => [node, i]));
  const hosts = new Map<GraphNode, { readonly host: Value; readonly activation: Activation }>();
  for (const node of program.nodes) {
    const activation = activationOf(node);
    if (!activation) continue;
    const [host] = node.inputs
      .filter((value) => value.node.op === conv2dOp && uses.get(value) === 1)
      .sort((a, b) => position.get(b.node)! - position.get(a.node)!);
    if (host) hosts.set(node, { host, activation });
  }
  const absorbed = new Set([...hosts.values()].map(({ host }) => host.node));
  return rewriteProgram(program, (node, rewriter) => {
    // Only the node that absorbs it uses it.
    if (absorbed.has(node)) return node.outputs;
    const found = hosts.get(node);
    if (!found) return undefined;
    const { host, activation } = found;
    const residual = node.inputs.filter((value) => value !== host);
    const { inputs, attributes, scope } = host.node;
    return rewriter.emit(makeNode(
      conv2dActivationOp,
      [...inputs, ...residual].map(rewriter.replacement),
      { ...attributes, hasBias: inputs.length > 2, activation },
      node.outputs,
      scope,
    ));
  });
}

/** The activation of a node that only applies it to its one input, or to the sum of its two. */
function activationOf({ op, inputs, outputs, attributes }: GraphNode): Activation | undefined {
  if (CHEAP.has(op)) return { op, attributes };
  if (op !== fusedOp || inputs.length !== 2) return undefined;
  const { steps } = attributes as FusedAttributes;
  const [sum, last] = steps;
  const isSum = steps.length === 2 && sum.op === addOp && CHEAP.has(last.op) &&
    sum.operands.every((operand) => "input" in operand) &&
    inputs.every((input) => sameShape(input.shape, outputs[0].shape));
  return isSum ? { op: last.op, attributes: last.attributes } : undefined;
}
