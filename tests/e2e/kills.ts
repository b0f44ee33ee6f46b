/** Runs that are killed and resumed: what their test and the campaign of many of them share. */
import { join } from "@std/path";
import { TINY } from "./cli.ts";

/**
 * A training that logs every step and saves often: 4 epochs of 12 steps of two batches, with layers that
 * are frozen at first and a rate that follows the validations.
 */
export const KILLED = `${
  TINY.replace("epochs: 2", "epochs: 4").replace("logEvery: 4", "logEvery: 1")
    .replace("batchSize: 8", "batchSize: 4")
    .replace("{ name: cosine }", "{ name: reduce_on_plateau, patience: 0, threshold: 0.5 }")
}  accumulate: 2
  freeze: { names: ["0", "1"], epochs: 1 }
  earlyStopping: { patience: 4 }
checkpoints: { everySteps: 5 }
`;

/** Metrics and checkpoints: all that must be the same whether or not the run was killed. */
const RESULTS = [
  "metrics.jsonl",
  "checkpoints/last.safetensors",
  "checkpoints/best.safetensors",
  "folded/model.safetensors",
];

/** The files of a finished run, by name. */
export async function resultsOf(run: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const file of RESULTS) files.set(file, await Deno.readFile(join(run, file)));
  return files;
}

/**
 * Kills a process when `moment` has come. Throws what it said if it ended in failure before.
 *
 * @returns whether it was killed; it may have come to its end
 */
export async function killAt(
  process: Deno.ChildProcess,
  moment: (process: Deno.ChildProcess) => Promise<void>,
): Promise<boolean> {
  const error = new Response(process.stderr).text();
  await moment(process);
  try {
    process.kill("SIGKILL");
  } catch (error) {
    // It may have ended by itself.
    if (!(error instanceof TypeError)) throw error;
  }
  const { success, signal } = await process.status;
  if (!success && signal !== "SIGKILL") throw new Error(await error);
  await error;
  return !success;
}
