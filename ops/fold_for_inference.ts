/** The one way from a network as it trains to the one that ships. */
import { foldConstants } from "../graph/passes/fold_constants.ts";
import type { Program } from "../graph/types.ts";
import { foldBatchNorm } from "./fold_batch_norm.ts";

/** Options of {@link foldForInference}. */
export interface FoldOptions {
  /**
   * Whether batch norms become part of the convolutions and fully connected layers before them,
   * wherever they follow one. The program is then smaller and runs faster, but its constants are no
   * longer a plain model's state dict. Default false.
   */
  readonly batchNorm?: boolean;
}

/**
 * An inference program folded: every kernel that is an expression over parameters becomes a
 * constant, computed in float64; batch norms go where `batchNorm` says. Folding again changes
 * nothing.
 */
export function foldForInference(
  program: Program,
  { batchNorm = false }: FoldOptions = {},
): Program {
  const plain = foldConstants(program);
  return batchNorm ? foldBatchNorm(plain) : plain;
}
