/** Opening a network that is handed on to others. */
import { openBackend } from "../backends/registry.ts";
import { type LoadedNetwork, loadNetwork } from "../checkpoints/load.ts";
import { requireFinite } from "../networks/finite.ts";

/** The network of a file, to be handed on. Throws InputError also for one that gives no numbers. */
export async function loadFinite(path: string): Promise<LoadedNetwork> {
  const network = await loadNetwork(path);
  await requireFinite(path, network.program(1), await openBackend({ backend: "cpu" }));
  return network;
}
