import { adoptState, readForeignState } from "../../../checkpoints/import.ts";
import { encodeSafetensors } from "../../../checkpoints/safetensors.ts";
import { inferenceProgram } from "../../../models/inference.ts";
import type { Kind } from "../kind.ts";
import { foldedNetworks, runNetwork, tinyNetworks } from "../networks.ts";
import { mutateSafetensors } from "../safetensors.ts";

const [{ model, description }] = tinyNetworks();

/** Weights that other programs wrote. */
export const safetensors: Kind = {
  file: "weights.safetensors",
  samples: () => [encodeSafetensors(foldedNetworks()[0].tensors, { format: "pt" })],
  mutate: (sound, random) => mutateSafetensors(sound, random),
  async read(path) {
    adoptState(model, await readForeignState(path));
    return () => runNetwork({ program: (batch) => inferenceProgram(model, description, batch) });
  },
};
