/** The passes every backend runs before it compiles a program. */
import type { Program } from "../types.ts";
import { eliminateDeadCode } from "./dead_code.ts";
import { fuseElementwise, type FuseOptions } from "./fuse.ts";

export { eliminateDeadCode } from "./dead_code.ts";
export { foldConstants } from "./fold_constants.ts";
export {
  type FusedAttributes,
  fusedOp,
  fuseElementwise,
  type FuseOptions,
  passOp,
} from "./fuse.ts";
export { type MemoryItem, type MemoryPlacement, planMemory } from "./plan_memory.ts";

/** An equivalent program with less work. */
export function optimize(program: Program, options: FuseOptions): Program {
  return fuseElementwise(eliminateDeadCode(program), options);
}
