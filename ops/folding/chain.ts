/** Consecutive linear nodes, and the one map that they compute. */
import { type ConstantAttributes, constantOp } from "../../graph/leaves.ts";
import { type LinearMap, multiplied } from "../../graph/linear_map.ts";
import { type GraphNode, type HostTensor, sizeOf, type Value } from "../../graph/types.ts";
import { composed } from "./linear_maps.ts";

export type Uses = ReadonlyMap<Value, number>;

/**
 * Maximum nodes of a chain, and terms of a sum, that are considered together. Longer ones fold
 * piece by piece, in time linear in their length instead of cubic.
 */
export const MAX_TOGETHER = 32;

/**
 * The linear nodes by which `value` is computed, first to last, as far back as the values between
 * them have no other use, at most {@link MAX_TOGETHER}.
 */
export function chainTo(value: Value, uses: Uses): GraphNode[] {
  const chain: GraphNode[] = [];
  for (let at = value; chain.length < MAX_TOGETHER && isLinear(at.node); at = at.node.inputs[0]) {
    if (at !== value && uses.get(at) !== 1) break;
    chain.unshift(at.node);
  }
  return chain;
}

/**
 * The map from the input of a chain's first node to its result; undefined if it is not one
 * convolution.
 */
export function mapOf([first, ...others]: readonly GraphNode[]): LinearMap | undefined {
  // In order: a shift may cancel the bias before it, and padding may follow only without a bias.
  return others.reduce<LinearMap | undefined>((map, node) => {
    const next = map && linearMap(node);
    return next && composed(map, next);
  }, linearMap(first));
}

/** The identity map: each pixel stays unchanged. */
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

/** The constant that a value is, possibly in another shape. */
export function constantBehind({ node, shape }: Value): GraphNode | undefined {
  const { op, inputs: [whole] } = node;
  const isReshaped = op.viewOffset !== undefined && sizeOf(shape) === sizeOf(whole.shape);
  const source = isReshaped ? whole.node : node;
  return source.op === constantOp ? source : undefined;
}

/** A constant whose numbers are computed on demand. */
function hostTensor(value: Value): HostTensor {
  const constant: ConstantAttributes = constantBehind(value)!.attributes;
  return {
    shape: value.shape,
    get data() {
      return new Float64Array(constant.data);
    },
  };
}
