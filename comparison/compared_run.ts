/** Reads the runs of a comparison from their folders. */

import { basename } from "node:path";
import type { CheckpointHeader } from "../checkpoints/checkpoint.ts";
import { parseStored } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { InputError } from "../errors.ts";
import { runFile } from "../training/run_files.ts";
import { readRunLog, type RunLog } from "../training/run_log.ts";
import { findRun, stageOf } from "./planned_run.ts";

/** A finished run. */
export interface ComparedRun {
  /** Name of its folder. */
  readonly name: string;
  readonly path: string;
  readonly seed: number;
  readonly config: Config;
  /** From its last checkpoint. */
  readonly header: Pick<CheckpointHeader, "architecture" | "description" | "backend" | "state">;
  readonly log: RunLog;
}

/**
 * The run in a folder; undefined if it has not ended. Throws InputError for a folder without a run, and
 * for a damaged one.
 */
export async function readComparedRun(path: string): Promise<ComparedRun | undefined> {
  const found = await findRun(path);
  if (!found) throw new InputError(`${path}: contains no run; expected the folder of a run`);
  const { checkpoint: { config: stored, architecture, description, backend, state, seed } } = found;
  const file = parseStored(stored, runFile(path, found.file));
  if (await stageOf({ path, file }, found) !== "done") return undefined;
  return {
    name: basename(path),
    path,
    seed,
    config: file.config,
    header: { architecture, description, backend, state },
    log: await readRunLog(path),
  };
}
