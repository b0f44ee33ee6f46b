/** Finds the runs that the user names: by their folders, or by folders of runs. */

import { basename, join } from "node:path";
import { loadConfig } from "../config/load.ts";
import { InputError } from "../errors.ts";
import { bareRefusalOf } from "../files/refusal.ts";
import { isUnderWay, runFile, runIn } from "../training/run_files.ts";
import { hasDiverged } from "../training/run_log.ts";
import { type ComparedRun, readComparedRun } from "./compared_run.ts";

interface FoundRuns {
  readonly runs: readonly ComparedRun[];
  /** Runs whose last training diverged. */
  readonly diverged: readonly FoundDiverged[];
  /** Folders of runs that have not ended. */
  readonly unfinished: readonly string[];
}

type FoundDiverged = Pick<ComparedRun, "name" | "path" | "seed" | "config">;

/**
 * The runs in folders or their subfolders, sorted by name. Throws InputError for a folder without runs.
 */
export async function readRuns(paths: readonly string[]): Promise<FoundRuns> {
  const runs: ComparedRun[] = [];
  const diverged: FoundDiverged[] = [];
  const unfinished: string[] = [];
  for (const path of paths) {
    const folders = await isRun(path) ? [path] : await runsWithin(path);
    if (folders.length === 0) throw new InputError(`${path}: there is no run in this folder`);
    for (const folder of folders) {
      const run = await readComparedRun(folder);
      if (run) runs.push(run);
      else if (await isUnderWay(folder) || !await hasDiverged(folder)) unfinished.push(folder);
      else {
        const { config } = await loadConfig(runFile(folder, "config"));
        diverged.push({ name: basename(folder), path: folder, seed: config.seed, config });
      }
    }
  }
  return { runs, diverged, unfinished };
}

const isRun = async (path: string) => await runIn(path) === "saved";

/** The folders of runs in a folder, sorted by name. Throws InputError if it cannot be read. */
export async function runsWithin(path: string): Promise<string[]> {
  let entries: Deno.DirEntry[];
  try {
    entries = await Array.fromAsync(Deno.readDir(path));
  } catch (error) {
    const refusal = bareRefusalOf(error);
    if (refusal === undefined) throw error;
    throw new InputError(`${path}: cannot be read as a folder of runs: ${refusal}`, {
      cause: error,
    });
  }
  const names = entries.map(({ name }) => name)
    .toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const found: string[] = [];
  for (const name of names) {
    if (await isRun(join(path, name))) found.push(join(path, name));
  }
  return found;
}
