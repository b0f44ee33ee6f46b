/** The part of a run's dashboard that requires reading its checkpoint. */

import type { CheckpointData } from "../../pages/dashboard/data.ts";
import { UserError } from "../../errors.ts";
import { readRun, runData } from "../report/run.ts";

/** Reads the checkpoint. Whatever is unavailable is listed. */
export async function checkpointData(folder: string, call: string): Promise<CheckpointData> {
  const run = await readRun(folder);
  const { environment, files, command } = await runData(run, folder, call);
  const checkpoint = run.best ?? run.last;
  const bare = { environment, files, command, missing: run.missing };
  const withoutNetwork = (why: string): CheckpointData => ({
    ...bare,
    missing: [...run.missing, { what: "network", why }],
  });
  if (!checkpoint) {
    return withoutNetwork("the run has no checkpoint yet");
  }
  // Imports all layers and models, which the rest of a dashboard does not need.
  const { networkData } = await import("../report/network.ts");
  try {
    return { ...bare, network: networkData(checkpoint) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return withoutNetwork(error.message);
  }
}
