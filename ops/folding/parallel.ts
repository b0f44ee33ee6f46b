/**
 * Parallel linear branches of one input that are added become one convolution: (K₁ ∗ x + b₁) + (K₂
 * ∗ x + b₂) = (K₁ + K₂) ∗ x + (b₁ + b₂), smaller kernels placed at their taps in the larger one.
 * The input itself is a branch too, a kernel with ones on its diagonal, and so are a batch norm and
 * an average pooling of it (`linear_maps.ts` has the sum).
 */
import type { LinearMap } from "../../graph/linear_map.ts";
import type { GraphNode, Value } from "../../graph/types.ts";
import { addOp } from "../add.ts";
import { chainTo, identityOf, mapOf, MAX_TOGETHER, type Uses } from "./chain.ts";
import { summed } from "./linear_maps.ts";
import { hasKernel, isWorthIt, type Stretch } from "./stretch.ts";

/** A term of a sum, and the linear nodes before it, first to last. */
interface Branch {
  readonly value: Value;
  readonly chain: readonly GraphNode[];
}

/** A branch as a convolution of an input that it shares with others. */
interface Part {
  readonly map: LinearMap;
  readonly nodes: readonly GraphNode[];
}

/**
 * All terms of a node's sum, if they can be one worthwhile convolution. A sum of sums is one sum.
 */
export function parallelBranches(end: GraphNode, uses: Uses): Stretch | undefined {
  return sumOf(
    end,
    uses,
    (parts, stretchOf) => parts.every((part) => part !== undefined) ? stretchOf(parts) : undefined,
  );
}

/** The same for two or more terms of a node's sum; the others are added to the convolution. */
export function someParallelBranches(end: GraphNode, uses: Uses): Stretch | undefined {
  return sumOf(end, uses, (parts, stretchOf) => {
    const found = parts.filter((part) => part !== undefined);
    for (const first of found) {
      let chosen = [first], stretch: Stretch | undefined;
      for (const part of found) {
        const larger = part === first ? undefined : stretchOf([...chosen, part]);
        if (larger) [chosen, stretch] = [[...chosen, part], larger];
      }
      if (stretch) return stretch;
    }
  });
}

/** Chooses among the branches of one input; other branches are undefined. */
type Choose = (
  parts: readonly (Part | undefined)[],
  stretchOf: (chosen: readonly Part[]) => Stretch | undefined,
) => Stretch | undefined;

function sumOf(end: GraphNode, uses: Uses, choose: Choose): Stretch | undefined {
  const { branches, adds } = termsOf(end, uses);
  for (const input of commonInputs(branches)) {
    const parts = branches.map((branch) => partFrom(input, branch));
    if (!parts.some((part) => part?.nodes.some(hasKernel))) continue;
    const stretchOf = (chosen: readonly Part[]) => {
      const map = summed(chosen.map(({ map }) => map));
      const nodes = [...chosen.flatMap(({ nodes }) => nodes), ...adds];
      const others = branches.flatMap(({ value }, i) =>
        parts[i] && chosen.includes(parts[i]) ? [] : value
      );
      const stretch = map && { input, map, nodes, others };
      return stretch && isWorthIt(stretch) ? stretch : undefined;
    };
    const stretch = choose(parts, stretchOf);
    if (stretch) return stretch;
  }
  return undefined;
}

/**
 * The terms of a node's sum, with sums that have no other use expanded, at most
 * {@link MAX_TOGETHER} terms.
 */
function termsOf(
  end: GraphNode,
  uses: Uses,
): { readonly branches: Branch[]; readonly adds: GraphNode[] } {
  const branches: Branch[] = [], adds: GraphNode[] = [];
  if (end.op !== addOp) return { branches, adds };
  const rest = [end.outputs[0]];
  for (let value = rest.pop(); value; value = rest.pop()) {
    const { node } = value;
    const isOwn = node === end || uses.get(value) === 1;
    const isFull = branches.length + rest.length + node.inputs.length > MAX_TOGETHER;
    if (isOwn && node.op === addOp && !isFull) {
      adds.push(node);
      rest.push(...node.inputs.toReversed());
    } else branches.push({ value, chain: isOwn ? chainTo(value, uses) : [] });
  }
  return { branches, adds: adds.toReversed() };
}

/** The inputs of several branches, the most frequent first. */
function commonInputs(branches: readonly Branch[]): Value[] {
  const counts = new Map<Value, number>();
  for (const { value, chain } of branches) {
    for (const input of [value, ...chain.map(({ inputs: [input] }) => input).toReversed()]) {
      counts.set(input, (counts.get(input) ?? 0) + 1);
    }
  }
  return [...counts].filter(([, count]) => count > 1).toSorted(([, a], [, b]) => b - a)
    .map(([input]) => input);
}

/** The map of a branch from a possible input. */
function partFrom(input: Value, { value, chain }: Branch): Part | undefined {
  if (input === value) return { map: identityOf(input), nodes: [] };
  const first = chain.findIndex(({ inputs }) => inputs[0] === input);
  if (first < 0) return undefined;
  const nodes = chain.slice(first);
  const map = mapOf(nodes);
  return map && { map, nodes };
}
