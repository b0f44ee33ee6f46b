import { loadNetwork } from "../../../checkpoints/load.ts";
import { mutateNetwork } from "../../support/mutate_program.ts";
import { Draw } from "../../support/random_cases.ts";
import { pick } from "../bytes.ts";
import { commandLine } from "../command_line.ts";
import type { Kind } from "../kind.ts";
import { foldedFile, foldedNetworks, runNetwork } from "../networks.ts";
import { mutateSafetensors } from "../safetensors.ts";

const NETWORKS = foldedNetworks();

/** Folded networks: programs as data. */
export const folded: Kind = {
  file: "folded.safetensors",
  samples: () => NETWORKS.map(foldedFile),
  mutate: (sound, random) =>
    random.integer(2)
      ? mutateSafetensors(sound, random)
      : foldedFile(mutateNetwork(pick(NETWORKS, random), new Draw(random.uint32()))),
  async read(path) {
    await commandLine("inspect", path);
    const network = await loadNetwork(path);
    return () => runNetwork(network);
  },
};
