import { loadNetwork } from "../../../checkpoints/load.ts";
import type { RandomStream } from "../../../graph/random.ts";
import { sizeOf } from "../../../graph/types.ts";
import { buildModel } from "../../../models/registry.ts";
import { pick } from "../../support/pick.ts";
import { commandLine } from "../command_line.ts";
import { mutateJson } from "../json.ts";
import type { Kind } from "../kind.ts";
import { checkpointFile, tinyNetworks } from "../networks.ts";
import { runNetwork } from "../run_network.ts";
import { mutateSafetensors } from "../safetensors.ts";

const NETWORKS = tinyNetworks();

/** Checkpoints: architectures and configs as data. */
export const checkpoint: Kind = {
  file: "checkpoint.safetensors",
  // Also one with checksums, which most mutations break.
  samples: () => [
    checkpointFile(NETWORKS[0], { checksums: true }),
    ...NETWORKS.map((network) => checkpointFile(network)),
  ],
  mutate: (sound, random) =>
    random.integer(3) ? mutateSafetensors(sound, random) : otherNetwork(random) ?? sound,
  async read(path) {
    await commandLine("inspect", path);
    const network = await loadNetwork(path);
    return () => runNetwork(network);
  },
};

/** Maximum numbers of a network that is written. */
const MAX_NUMBERS = 1e5;

/**
 * A checkpoint of a mutated architecture with matching tensors; undefined if it cannot be built.
 */
function otherNetwork(random: RandomStream): Uint8Array | undefined {
  const network = pick(NETWORKS, random);
  const { name, options } = network.architecture;
  const architecture = { name, options: mutateJson(options, random) as typeof options };
  try {
    const model = buildModel(name, architecture.options);
    const shapes = [...model.namedParameters().values()].map(({ shape }) => sizeOf(shape));
    if (!(shapes.reduce((sum, size) => sum + size, 0) <= MAX_NUMBERS)) return undefined;
    model.initialize(1);
    return checkpointFile({ ...network, model, architecture });
  } catch {
    return undefined;
  }
}
