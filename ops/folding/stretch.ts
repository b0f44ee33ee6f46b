/** Stretches: parts of a program that one node can replace (subgraph rewriting). */
import { ComputedConstant, constantOp } from "../../graph/leaves.ts";
import type { LinearMap } from "../../graph/linear_map.ts";
import { makeNode } from "../../graph/node.ts";
import { eliminateDeadCode } from "../../graph/passes/dead_code.ts";
import { joinPath, parentPath } from "../../graph/paths.ts";
import { countUses, rewriteProgram, type Rewriter, withInputs } from "../../graph/rewrite.ts";
import {
  type GraphNode,
  type Op,
  type Program,
  sameShape,
  type Shape,
  sizeOf,
  type Value,
} from "../../graph/types.ts";
import { addOp } from "../add.ts";
import { conv2dOp } from "../conv2d.ts";
import { linearOp } from "../linear.ts";
import { multiplyAccumulates } from "../multiply_accumulates.ts";
import { constantBehind, type Uses } from "./chain.ts";

/** Nodes that together are one convolution of a value. */
export interface Stretch {
  readonly input: Value;
  readonly map: LinearMap;
  /** The last one gives the result. */
  readonly nodes: readonly GraphNode[];
  /** Values added to the convolution. Default: none. */
  readonly others?: readonly Value[];
}

/** Finds the worthwhile stretch that ends with a node, if there is one. */
type FindStretch = (end: GraphNode, uses: Uses) => Stretch | undefined;

export function hasKernel({ op }: GraphNode): boolean {
  return op === conv2dOp || op === linearOp;
}

/**
 * Whether one node replaces a stretch with no more work: it has no more multiplications, where an
 * element that is scaled, shifted, averaged or added counts as one. A stretch without a kernel gets
 * none.
 */
export function isWorthIt(stretch: Stretch): boolean {
  const { nodes, others = [] } = stretch;
  const { shape } = nodes[nodes.length - 1].outputs[0];
  if (!nodes.some(hasKernel)) return false;
  const one = oneNode(stretch, "");
  const work = nodes.reduce((sum, node) => sum + workOf(node), 0);
  return sameShape(one.outputs[0].shape, shape) &&
    workOf(one) + others.length * sizeOf(shape) <= work;
}

function workOf(node: GraphNode): number {
  return multiplyAccumulates(node) || sizeOf(node.outputs[0].shape);
}

/**
 * The program with every stretch replaced by one node, until none is found; later rules apply only
 * where earlier ones find nothing. Run it after constant folding. A stretch's only kernel keeps its
 * name; a kernel built from several is named as if the module that contains them were a plain
 * layer.
 */
export function replaceStretches(program: Program, rules: readonly FindStretch[]): Program {
  let folded = program;
  for (let round = 1;; round++) {
    const uses = countUses(folded);
    const found = rules.values().map((find) => findStretches(folded, uses, find));
    const stretches = found.find(({ size }) => size > 0);
    if (!stretches) return folded;
    const names: Names = {
      present: new Set(folded.nodes.map(({ attributes }) => attributes.name)),
      given: new Set(),
    };
    const rewritten = rewriteProgram(folded, (node, rewriter) => {
      const stretch = stretches.get(node);
      return stretch && replace(stretch, names, rewriter);
    });
    folded = eliminateDeadCode(rewritten);
    // Each kernel computes those before it on demand, deeper every round.
    if (round % DEEPEST !== 0) continue;
    folded.nodes.filter(({ op }) => op === constantOp).forEach(({ attributes }) => attributes.data);
  }
}

/**
 * Rounds after which kernels are computed so that no stack overflows; in most networks they are
 * computed on demand.
 */
const DEEPEST = 16;

/** Disjoint stretches by their last nodes. */
function findStretches(
  program: Program,
  uses: Uses,
  find: FindStretch,
): Map<GraphNode, Stretch> {
  const stretches = new Map<GraphNode, Stretch>();
  const taken = new Set<GraphNode>();
  // Backwards, so that the longest come first.
  for (const node of program.nodes.toReversed()) {
    const stretch = taken.has(node) ? undefined : find(node, uses);
    if (!stretch || stretch.nodes.some((node) => taken.has(node))) continue;
    stretches.set(node, stretch);
    stretch.nodes.forEach((node) => taken.add(node));
  }
  return stretches;
}

function replace(
  stretch: Stretch,
  names: Names,
  rewriter: Rewriter,
): readonly Value[] {
  const node = oneNode(stretch, freeScope(stretch, names));
  const [, ...constants] = node.inputs;
  constants.forEach((constant) => rewriter.emit(constant.node));
  const whole = rewriter.emit(
    withInputs(node, [rewriter.replacement(stretch.input), ...constants]),
  );
  const { scope: outside } = stretch.nodes[stretch.nodes.length - 1];
  return (stretch.others ?? []).map(rewriter.replacement).reduce(
    (sum, other) => rewriter.emit(makeNode(addOp, [...sum, other], {}, sum, outside)),
    whole,
  );
}

/** Names of a program's constants, and of their replacements. */
interface Names {
  readonly present: ReadonlySet<string>;
  readonly given: Set<string>;
}

/**
 * The scope that names a stretch: the module that contains only the sum, or the module of all
 * kernels, or the last kernel's layer. Numbered if another kernel has that name.
 */
function freeScope({ nodes, others }: Stretch, names: Names): string {
  const kernels = nodes.filter(hasKernel);
  const isSum = nodes.some(({ op }) => op === addOp) && !others?.length;
  const scope = isSum ? commonScope(nodes) : sharedModule(kernels) ?? kernels.at(-1)!.scope;
  const own = new Set(
    kernels.map(({ inputs: [, kernel] }) => constantBehind(kernel)?.attributes.name),
  );
  const isTaken = (name: string) =>
    names.given.has(name) || names.present.has(name) && !own.has(name);
  let free = scope;
  for (let number = 2; isTaken(joinPath(free, "weight")); number++) {
    free = joinPath(scope, `${number}`);
  }
  names.given.add(joinPath(free, "weight"));
  return free;
}

/** The node that replaces a stretch; its parameters are named like those of a layer at `scope`. */
function oneNode({ input, map }: Stretch, scope: string): GraphNode {
  const { outChannels, inChannels, groups, kernelSize, bias } = map;
  const isImage = input.shape.length === 4;
  const constant = (name: string, shape: Shape, data: () => Float64Array) => {
    const attributes = new ComputedConstant(shape, data, joinPath(scope, name));
    return makeNode(constantOp, [], attributes, [{ shape, dtype: "f32" }], scope).outputs[0];
  };
  const kernel = [outChannels, inChannels / groups, ...(isImage ? kernelSize : [])];
  const inputs = [
    input,
    constant("weight", kernel, map.weight),
    ...(bias ? [constant("bias", [outChannels], bias)] : []),
  ];
  const { stride, padding, dilation, paddingMode } = map;
  const [op, attributes] = isImage
    ? [conv2dOp as Op, { stride, padding, dilation, groups, paddingMode }]
    : [linearOp, {}];
  return makeNode(op, inputs, attributes, op.infer(inputs, attributes), scope);
}

/** The path of the module that directly contains the layers of several nodes, if it is the same. */
export function sharedModule(nodes: readonly GraphNode[]): string | undefined {
  const modules = new Set(nodes.map(({ scope }) => parentPath(scope)));
  return nodes.length > 1 && modules.size === 1 ? [...modules][0] : undefined;
}

/** The path of the innermost module that contains all nodes. */
function commonScope(nodes: readonly GraphNode[]): string {
  return nodes.map(({ scope }) => scope.split("."))
    .reduce((shared, path) => {
      const end = shared.findIndex((part, i) => part !== path[i]);
      return end < 0 ? shared : shared.slice(0, end);
    })
    .join(".");
}
