import { inferenceProgram } from "../../../models/inference.ts";
import { encodeSafetensors, type Tensor } from "../../../safetensors/safetensors.ts";
import { adoptState, readForeignState } from "../../../weights/import.ts";
import type { Kind } from "../kind.ts";
import { foldedNetworks, tinyNetworks } from "../networks.ts";
import { runNetwork } from "../run_network.ts";
import { mutateSafetensors } from "../safetensors.ts";

const [{ model, description }] = tinyNetworks();

/** Weights from other programs. */
export const safetensors: Kind = {
  file: "weights.safetensors",
  samples() {
    const [{ tensors }] = foldedNetworks();
    const halves = new Map([...tensors].map(([name, { shape, data }]): [string, Tensor] => [
      `model.${name}`,
      { dtype: "F16", shape, data: Float16Array.from(data, Number) },
    ]));
    return [encodeSafetensors(tensors, { format: "pt" }), encodeSafetensors(halves)];
  },
  mutate: (sound, random) => mutateSafetensors(sound, random),
  async read(path) {
    adoptState(model, await readForeignState(path));
    return () => runNetwork({ program: (batch) => inferenceProgram(model, description, batch) });
  },
};
