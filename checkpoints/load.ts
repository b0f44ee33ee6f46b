/** Loads a network for inference from a checkpoint or a folded network. */
import type { Program } from "../graph/types.ts";
import { inferenceProgram } from "../models/inference.ts";
import {
  type NetworkDescription,
  networkProgram,
  parseFoldedNetwork,
} from "../networks/network.ts";
import { readSafetensors } from "../safetensors/file.ts";
import { CHECKPOINT_FORMAT, FOLDED_FORMAT, otherFormat } from "../safetensors/formats.ts";
import { type Checkpoint, parseCheckpoint, restoreModel } from "./checkpoint.ts";

/** A network that can be run. */
export interface LoadedNetwork {
  /** Its input and output. */
  readonly description: NetworkDescription;
  /** The checkpoint it came from; absent for a folded network. */
  readonly checkpoint?: Checkpoint;
  /** Input `pixels` u8 [N, H, W, C], output `logits` f32 [N, classes]. */
  program(batchSize: number): Program;
}

/** Reads a network. Throws InputError if the file does not contain one or is damaged. */
export async function loadNetwork(path: string): Promise<LoadedNetwork> {
  const contents = await readSafetensors(path);
  const { format } = contents.metadata;
  switch (format) {
    case FOLDED_FORMAT: {
      const network = parseFoldedNetwork(path, contents);
      return {
        description: network.description,
        program: (batchSize) => networkProgram(network, batchSize, path),
      };
    }
    case CHECKPOINT_FORMAT: {
      const checkpoint = parseCheckpoint(path, contents);
      const model = restoreModel(checkpoint, path);
      const { description } = checkpoint;
      return {
        description,
        checkpoint,
        program: (batchSize) => inferenceProgram(model, description, batchSize),
      };
    }
    default:
      throw otherFormat(path, format, "neither a checkpoint nor a folded network");
  }
}
