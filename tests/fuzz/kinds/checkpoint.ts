import { loadNetwork } from "../../../checkpoints/load.ts";
import { commandLine } from "../command_line.ts";
import type { Kind } from "../kind.ts";
import { checkpointFiles } from "../networks.ts";
import { runNetwork } from "../run_network.ts";
import { mutateSafetensors } from "../safetensors.ts";

/** Checkpoints: architectures and configs as data. */
export const checkpoint: Kind = {
  file: "checkpoint.safetensors",
  samples: checkpointFiles,
  mutate: (sound, random) => mutateSafetensors(sound, random),
  async read(path) {
    await commandLine("inspect", path);
    const network = await loadNetwork(path);
    return () => runNetwork(network);
  },
};
