/** The kernel families, and which one computes an op. */
import type { GraphNode } from "../../../graph/types.ts";
import type { KernelFamily } from "../kernel.ts";
import { pack } from "./copy.ts";
import { elementwise } from "./elementwise.ts";
import { convertLayout } from "./convert_layout.ts";

/** All families but `elementwise`, which computes every op that is a scalar expression. */
const FAMILIES: readonly KernelFamily[] = [
  convertLayout,
  pack,
];

const byOp = new Map(FAMILIES.flatMap((family) => family.ops.map((op) => [op, family])));

/**
 * The family that computes a node.
 *
 * @throws {Error} if there is none: every op that programs can contain has one.
 */
export function familyOf({ op }: GraphNode): KernelFamily {
  const family = byOp.get(op.name) ?? (op.elementwise ? elementwise : undefined);
  if (!family) throw new Error(`the CPU backend has no kernel for ${op.name}`);
  return family;
}
