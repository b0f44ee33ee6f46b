/** All kernel families. */
import { InputError } from "../../../errors.ts";
import { isLeaf } from "../../../graph/leaves.ts";
import type { GraphNode } from "../../../graph/types.ts";
import type { KernelFamily } from "../kernel.ts";
import { convertLayout } from "./convert_layout.ts";
import { elementwise } from "./elementwise.ts";

const FAMILIES: readonly KernelFamily[] = [convertLayout];

const byOp = new Map(FAMILIES.flatMap((family) => family.ops.map((op) => [op, family])));

/** Leaves and views have memory but compute nothing. */
const nothing: KernelFamily = { ops: [], lower: () => {} };

/** The family that lowers a node. Throws InputError for an op that has no kernel. */
export function familyOf({ op }: GraphNode): KernelFamily {
  if (isLeaf(op) || op.viewOffset) return nothing;
  const family = byOp.get(op.name) ?? (op.elementwise && elementwise);
  if (!family) throw new InputError(`op "${op.name}" has no WebGPU kernel`);
  return family;
}
