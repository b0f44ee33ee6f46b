/**
 * Fusion of elementwise chains: batch-norm scaling, residual addition and ReLU become one pass over
 * memory. A producer joins its consumer if nothing else uses its result, so nothing is computed
 * twice and no order changes.
 */
import { makeNode } from "../node.ts";
import { countUses, rewriteProgram } from "../rewrite.ts";
import {
  type Arithmetic,
  type Attributes,
  type GraphNode,
  type Op,
  type Program,
  sameShape,
  type Value,
} from "../types.ts";

/** Where an operand of a step comes from: an input of the fused node or an earlier step's output. */
type StepOperand = { readonly input: number } | {
  readonly step: number;
  readonly output: number;
};

interface FusedStep {
  readonly op: Op;
  readonly attributes: Attributes;
  readonly operands: readonly StepOperand[];
}

/** Attributes of {@link fusedOp}: steps in order; the last one's outputs are the node's. */
export interface FusedAttributes {
  readonly steps: readonly FusedStep[];
}

function expression<E>(
  arithmetic: Arithmetic<E>,
  inputs: readonly E[],
  { steps }: FusedAttributes,
): E[] {
  const results: E[][] = [];
  for (const { op, attributes, operands } of steps) {
    const values = operands.map((from) =>
      "input" in from ? inputs[from.input] : results[from.step][from.output]
    );
    results.push(op.elementwise!.expression(arithmetic, values, attributes));
  }
  return results[results.length - 1];
}

/** An op that a pass builds from others, after tracing and evaluation. */
export function passOp<A>(name: string, elementwise?: Op<A>["elementwise"]): Op<A> {
  const refuse = () => {
    throw new Error(`${name} nodes are made by a pass, not traced or evaluated`);
  };
  return {
    name,
    inputNames: [],
    infer: refuse,
    evaluate: refuse,
    multiplyAccumulates: () => 0,
    samples: [],
    elementwise,
  };
}

/** Several elementwise ops as one. Made by {@link fuseElementwise} only. */
export const fusedOp = passOp<FusedAttributes>("fused", { expression });

export interface FuseOptions {
  /** Most tensors a fused node reads. */
  readonly maxInputs: number;
  /** Most tensors a fused node reads and writes together. Default: no limit besides its inputs. */
  readonly maxTensors?: number;
}

/** The program with chains of elementwise ops joined, as far as a backend's limits allow. */
export function fuseElementwise(
  program: Program,
  { maxInputs, maxTensors = Infinity }: FuseOptions,
): Program {
  const uses = countUses(program);
  const groups = new Map<GraphNode, readonly GraphNode[]>();
  const absorbed = new Set<GraphNode>();
  // Backwards, so that a chain is joined into its last op.
  for (const root of program.nodes.toReversed()) {
    if (!root.op.elementwise || absorbed.has(root)) continue;
    const most = Math.min(maxInputs, maxTensors - root.outputs.length);
    const members = collectGroup(root, uses, most);
    if (members.size === 1) continue;
    members.forEach((node) => node !== root && absorbed.add(node));
    groups.set(root, program.nodes.filter((node) => members.has(node)));
  }
  return rewriteProgram(program, (node, rewriter) => {
    // Only the group's last node refers to an absorbed one, so it needs no place in the program.
    if (absorbed.has(node)) return node.outputs;
    const members = groups.get(node);
    return members && rewriter.emit(fuse(members, rewriter.replacement));
  });
}

/** The root and the producers that can join it. */
function collectGroup(
  root: GraphNode,
  uses: ReadonlyMap<Value, number>,
  maxInputs: number,
): Set<GraphNode> {
  const members = new Set([root]);
  const external = new Set(root.inputs);
  for (const value of external) {
    const producer = value.node;
    const joins = producer.op.elementwise !== undefined && producer.outputs.length === 1 &&
      uses.get(value) === 1 && sameShape(value.shape, root.outputs[0].shape);
    if (!joins || external.union(new Set(producer.inputs)).size - 1 > maxInputs) continue;
    members.add(producer);
    external.delete(value);
    // Added at the end of the set being walked, so producers of producers are tried too.
    producer.inputs.forEach((input) => external.add(input));
  }
  return members;
}

/** One node that does what the members, in order, do. */
function fuse(members: readonly GraphNode[], replacement: (value: Value) => Value): GraphNode {
  const stepOf = new Map(members.map((node, i) => [node, i]));
  const inputs: Value[] = [];
  const operand = (value: Value): StepOperand => {
    const step = stepOf.get(value.node);
    if (step !== undefined) return { step, output: value.index };
    const outside = replacement(value);
    const known = inputs.indexOf(outside);
    return { input: known >= 0 ? known : inputs.push(outside) - 1 };
  };
  const steps = members.map(({ op, attributes, inputs }) => ({
    op,
    attributes,
    operands: inputs.map(operand),
  }));
  const root = members[members.length - 1];
  return makeNode(fusedOp, inputs, { steps }, root.outputs, root.scope);
}
