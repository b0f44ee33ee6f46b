/**
 * Linear ops in sequence become one where that is exact: K₂ ∗ (K₁ ∗ x + b₁) + b₂ is a convolution
 * by the kernel K₂ ∗ K₁ with the bias b₂ + Σ K₂ b₁, except at the border, where the second's
 * padding is zeros instead of the first's results (`linear_maps.ts` says when that is the same). A
 * batch norm with fixed statistics and a scale or shift per channel are 1x1 kernels of one channel
 * each.
 */
import { countUses } from "../../graph/rewrite.ts";
import type { GraphNode, Program } from "../../graph/types.ts";
import { chainTo, mapOf, type Uses } from "./chain.ts";
import { hasKernel, isWorthIt, sharedModule, type Stretch } from "./stretch.ts";

/**
 * The longest worthwhile chain from kernel to kernel that ends with a node, with all kernels in
 * layers of one module. Two consecutive layers of a plain network stay two.
 */
export function kernelSequence(end: GraphNode, uses: Uses): Stretch | undefined {
  return longest(end, uses, (chain) =>
    hasKernel(end) && hasKernel(chain[0]) &&
    sharedModule(chain.filter(hasKernel)) !== undefined);
}

/**
 * The same, or the longest chain of one kernel and the ops around it that treat each pixel
 * separately. So the kernels of a plain network keep their layers and shapes.
 */
export function linearSequence(end: GraphNode, uses: Uses): Stretch | undefined {
  return longest(end, uses, (chain) => {
    const kernels = chain.filter(hasKernel);
    if (kernels.length !== 1) return sharedModule(kernels) !== undefined;
    return chain.every((node) =>
      hasKernel(node) || mapOf([node])?.kernelSize.every((size) => size === 1)
    );
  });
}

function longest(
  end: GraphNode,
  uses: Uses,
  mayBeOne: (chain: readonly GraphNode[]) => boolean,
): Stretch | undefined {
  const chain = chainTo(end.outputs[0], uses);
  for (let i = 0; i < chain.length - 1; i++) {
    const nodes = chain.slice(i);
    const map = mayBeOne(nodes) ? mapOf(nodes) : undefined;
    const stretch = map && { input: chain[i].inputs[0], map, nodes };
    if (stretch && isWorthIt(stretch)) return stretch;
  }
  return undefined;
}

/**
 * Pairs of consecutive layers that a folded program keeps because no single convolution is
 * equivalent: the second pads the first's result with zeros, where one convolution would give the
 * first's bias. By the paths of both.
 */
export function inexactSequences(folded: Program): [first: string, second: string][] {
  const uses = countUses(folded);
  return folded.nodes.filter(hasKernel).flatMap((second): [string, string][] => {
    const chain = chainTo(second.outputs[0], uses);
    const first = chain.findLastIndex((node) => node !== second && hasKernel(node));
    if (first < 0 || mapOf(chain.slice(first))) return [];
    return [[chain[first].scope, second.scope]];
  });
}
