/** Runs that a person names: by their folders, or by folders that hold several. */

import { basename, dirname, join } from "node:path";
import { loadConfig } from "../config/load.ts";
import { InputError } from "../errors.ts";
import { exists } from "../files/exists.ts";
import { bareRefusalOf } from "../files/refusal.ts";
import { parseLogLine } from "../training/log_rows.ts";
import { isUnderWay, runFile } from "../training/run_files.ts";
import { type ComparedRun, readComparedRun } from "./compared_run.ts";

/** What was found. */
export interface FoundRuns {
  readonly runs: readonly ComparedRun[];
  /** Those that diverged when they were last compared, and have not ended since. */
  readonly diverged: readonly FoundDiverged[];
  /** Folders of others that have not ended. */
  readonly unfinished: readonly string[];
}

/** A run that diverged: it may have no checkpoint. */
export type FoundDiverged = Pick<ComparedRun, "name" | "path" | "seed" | "config">;

/**
 * The runs in folders, or in the folders within, in the order of their names. Throws InputError for a
 * folder that holds none.
 */
export async function readRuns(paths: readonly string[]): Promise<FoundRuns> {
  const runs: ComparedRun[] = [];
  const diverged: FoundDiverged[] = [];
  const unfinished: string[] = [];
  for (const path of paths) {
    const isOne = await isRun(path);
    const told = await divergedIn(isOne ? dirname(path) : path);
    const found = isOne ? [path] : await runsWithin(path);
    const folders = isOne ? found : [...new Set([...found, ...told])];
    if (folders.length === 0) throw new InputError(`${path}: there is no run in this folder`);
    for (const folder of folders) {
      const run = found.includes(folder) ? await readComparedRun(folder) : undefined;
      if (run) runs.push(run);
      else if (!told.includes(folder) || await isUnderWay(folder)) unfinished.push(folder);
      else {
        const { config } = await loadConfig(runFile(folder, "config"));
        diverged.push({ name: basename(folder), path: folder, seed: config.seed, config });
      }
    }
  }
  return { runs, diverged, unfinished };
}

/** Folders of runs that the comparison in a folder tells to have diverged, and that are there. */
async function divergedIn(folder: string): Promise<string[]> {
  const text = await Deno.readTextFile(join(folder, "comparison.json")).catch(() => "");
  // What is damaged, or of another program, tells nothing.
  const told = parseLogLine(text)?.diverged;
  const names = Array.isArray(told) ? told.map((run) => run?.name) : [];
  const paths = names.filter((name) => typeof name === "string").map((name) =>
    join(folder, basename(name))
  );
  const isThere = await Promise.all(paths.map((path) => exists(runFile(path, "config"))));
  return paths.filter((_, i) => isThere[i]);
}

const isRun = (path: string) => exists(runFile(path, "last"));

/** The folders of runs in a folder, in the order of their names. Throws InputError for one that cannot be read. */
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
