/** Linear nodes one after the other, and the one map that they are. */
import { type ConstantAttributes, constantOp } from "../../graph/leaves.ts";
import { type LinearMap, multiplied } from "../../graph/linear_map.ts";
import { type GraphNode, type HostTensor, sizeOf, type Value } from "../../graph/types.ts";
import { composed } from "./linear_maps.ts";

/** How often each value of a program is used. */
export type Uses = ReadonlyMap<Value, number>;

/**
 * Nodes of a chain, and terms of a sum, that are looked at together. What is longer folds piece by piece,
 * in time that grows with its length and not with its cube.
 */
export const MAX_TOGETHER = 32;

/**
 * The linear nodes by which `value` is computed, first to last, as far back as what is between them is
 * used for nothing else, {@link MAX_TOGETHER} at most.
 */
export function chainTo(value: Value, uses: Uses): GraphNode[] {
  const chain: GraphNode[] = [];
  for (let at = value; chain.length < MAX_TOGETHER && isLinear(at.node); at = at.node.inputs[0]) {
    if (at !== value && uses.get(at) !== 1) break;
    chain.unshift(at.node);
  }
  return chain;
}

/** What a chain does to the input of its first node; undefined where that is no one convolution. */
export function mapOf([first, ...others]: readonly GraphNode[]): LinearMap | undefined {
  // From the first on: a shift may take back the bias before it, and only without one may padding follow.
  return others.reduce<LinearMap | undefined>((map, node) => {
    const next = map && linearMap(node);
    return next && composed(map, next);
  }, linearMap(first));
}

/** What nothing at all does to an input: each pixel stays as it is. */
export function identityOf({ shape: [, channels] }: Value): LinearMap {
  return multiplied(channels, () => 1);
}

function isLinear({ op, inputs }: GraphNode): boolean {
  const [input, ...others] = inputs;
  const rank = input?.shape.length;
  return op.linearMap !== undefined && (rank === 2 || rank === 4) &&
    others.every((value) => constantBehind(value) !== undefined);
}

function linearMap({ op, inputs: [input, ...others], attributes }: GraphNode) {
  return op.linearMap?.(input, others.map(hostTensor), attributes);
}

/** The constant that a value is, if only in another shape. */
export function constantBehind({ node, shape }: Value): GraphNode | undefined {
  const { op, inputs: [whole] } = node;
  const isReshaped = op.viewOffset !== undefined && sizeOf(shape) === sizeOf(whole.shape);
  const source = isReshaped ? whole.node : node;
  return source.op === constantOp ? source : undefined;
}

/** A constant whose numbers are not computed before they are asked for. */
function hostTensor(value: Value): HostTensor {
  const constant: ConstantAttributes = constantBehind(value)!.attributes;
  return {
    shape: value.shape,
    get data() {
      return new Float64Array(constant.data);
    },
  };
}
