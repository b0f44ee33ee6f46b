/** The only way from a network in training to the network that ships. */
import { foldConstants } from "../graph/passes/fold_constants.ts";
import type { Program } from "../graph/types.ts";
import { parallelBranches, someParallelBranches } from "./folding/parallel.ts";
import { kernelSequence, linearSequence } from "./folding/sequence.ts";
import { replaceStretches } from "./folding/stretch.ts";

/** Options of {@link foldForInference}. */
export interface FoldOptions {
  /**
   * Whether batch norms, scales and shifts become part of the convolutions and fully connected
   * layers around them, where that is exact. The program is then smaller and runs faster, but its
   * constants are no longer a plain model's state dict. Default false.
   */
  readonly batchNorm?: boolean;
}

/**
 * An inference program folded: every kernel that is an expression over parameters becomes a
 * constant, computed in float64; convolutions in parallel, and in sequence within a module, become
 * one together with all linear ops between them, where that is exact and no more work; batch norms,
 * and sequences across modules, as `batchNorm` says. It knows ops, not layers. Folding again
 * changes nothing.
 */
export function foldForInference(
  program: Program,
  { batchNorm = false }: FoldOptions = {},
): Program {
  const sequence = batchNorm ? linearSequence : kernelSequence;
  const rules = [parallelBranches, sequence, someParallelBranches];
  return replaceStretches(foldConstants(program), rules);
}
