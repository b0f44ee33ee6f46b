/** Loads a network that is passed on to others. */
import { openBackend } from "../backends/registry.ts";
import { type LoadedNetwork, loadNetwork } from "../checkpoints/load.ts";
import { requireFinite } from "../networks/finite.ts";

/** The network of a file. Throws InputError also for one whose weights are not finite. */
export async function loadFinite(path: string): Promise<LoadedNetwork> {
  const network = await loadNetwork(path);
  await requireFinite(path, network.program(1), await openBackend({ backend: "cpu" }));
  return network;
}
