/** Folds a checkpoint, verifies the folded network and writes it to a file. */
import type { Backend } from "../backends/backend.ts";
import { foldModel, type FoldVerification, verifyFold } from "../networks/fold.ts";
import { writeFoldedNetwork } from "../networks/network_file.ts";
import type { FoldOptions } from "../ops/fold_for_inference.ts";
import { type Checkpoint, restoreModel } from "./checkpoint.ts";

/**
 * Folds a checkpoint's inference weights, compares the result with the unfolded model on the given
 * images and writes it to `output`. Throws RunError, and writes nothing, if they differ by more than
 * the tolerance.
 *
 * @param pixels u8 [count, H, W, C] of the network's input size
 */
export async function foldCheckpoint(
  checkpoint: Checkpoint,
  output: string,
  backend: Backend,
  pixels: Uint8Array,
  options: FoldOptions = {},
): Promise<FoldVerification> {
  const model = restoreModel(checkpoint);
  const network = foldModel(model, checkpoint.description, options);
  const verification = await verifyFold(model, network, backend, pixels);
  await writeFoldedNetwork(output, network);
  return verification;
}
