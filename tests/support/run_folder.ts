/** Opens run folders as a training does. */
import { join } from "@std/path";
import { NO_SUMS, type RunState } from "../../checkpoints/run_state.ts";
import type { ExistingRun } from "../../training/run_files.ts";
import { RunFolder } from "../../training/run_folder.ts";
import { runIdentity } from "./logged_run.ts";

export const TENSORS = { model: new Map(), optimizer: new Map() };
export const AT_STEP_3: RunState = { step: 3, epoch: 0, batch: 3, sums: NO_SUMS };

/** An opened folder before its run starts. */
export async function openedRun(path: string, existing: ExistingRun, configText = "seed: 0\n") {
  const folder = await RunFolder.open(path, existing);
  folder.describe({ identity: runIdentity({ seed: 0 }), configText });
  return folder;
}

/** A folder whose run has started. */
export async function openRun(path: string, existing: ExistingRun = "refuse") {
  const folder = await openedRun(path, existing);
  await folder.start();
  return folder;
}

/** A run of steps 3 to 5, of which the first is the best; returns its files. */
export async function runOfThree(path: string): Promise<Map<string, Uint8Array>> {
  const folder = await openRun(path);
  for (const step of [3, 4, 5]) {
    await folder.log({ step });
    if (step === 3) await folder.save("best", TENSORS, { ...AT_STEP_3, step });
    await folder.save("last", TENSORS, { ...AT_STEP_3, step });
  }
  folder.close();
  return filesOf(path);
}

/** The files of a run and its checkpoints by name. */
export async function filesOf(path: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const folder of [path, join(path, "checkpoints")]) {
    for (const { name, isFile } of Deno.readDirSync(folder)) {
      if (isFile) files.set(name, await Deno.readFile(join(folder, name)));
    }
  }
  return files;
}
