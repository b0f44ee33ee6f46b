import { loadNetwork } from "../../../checkpoints/load.ts";
import { UserError } from "../../../errors.ts";
import { readFoldedNetwork } from "../../../networks/network_file.ts";
import { encodeOnnx } from "../../../onnx/export.ts";
import { Draw } from "../../support/draw.ts";
import { mutateNetwork } from "../../support/mutate_program.ts";
import { pick } from "../../support/pick.ts";
import { commandLine } from "../command_line.ts";
import type { Kind } from "../kind.ts";
import { foldedFile, foldedNetworks } from "../networks.ts";
import { runNetwork } from "../run_network.ts";
import { mutateSafetensors } from "../safetensors.ts";

/** A network may contain what ONNX cannot express. */
function orRefused(error: unknown): void {
  if (!(error instanceof UserError)) throw error;
}

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
    return async () => {
      await encodeOnnx(await readFoldedNetwork(path)).catch(orRefused);
      return await runNetwork(network);
    };
  },
};
