import { loadNetwork } from "../../../checkpoints/load.ts";
import { commandLine } from "../command_line.ts";
import type { Kind } from "../kind.ts";
import { foldedFile, foldedNetworks, runNetwork } from "../networks.ts";
import { mutateSafetensors } from "../safetensors.ts";

/** Folded networks: programs as data. */
export const folded: Kind = {
  file: "folded.safetensors",
  samples: () => foldedNetworks().map(foldedFile),
  mutate: (sound, random) => mutateSafetensors(sound, random),
  async read(path) {
    await commandLine("inspect", path);
    const network = await loadNetwork(path);
    return () => runNetwork(network);
  },
};
