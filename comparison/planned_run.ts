/** The runs of a comparison: which there are to be, and how far those are that have begun. */

import { join } from "node:path";
import { type ConfigFile, loadConfig } from "../config/load.ts";
import { InputError } from "../errors.ts";
import { hasStoppedEarly } from "../training/early_stopping.ts";
import { exists } from "../files/exists.ts";
import { findCheckpoint, type FoundCheckpoint, runFile } from "../training/run_files.ts";
import { folderNamesOf, overridesOf, type Variant } from "./variants.ts";

/** One training of a comparison. */
export interface PlannedRun {
  readonly variant: Variant;
  readonly seed: number;
  /** Name of its folder. */
  readonly name: string;
  /** Its folder. */
  readonly path: string;
  /** The config's file, and all overrides of it. */
  readonly config: string;
  readonly set: readonly string[];
  readonly file: ConfigFile;
}

/** What a comparison trains. */
interface PlanOptions {
  /** The config's file and the overrides that hold for all runs. */
  readonly config: string;
  readonly set: readonly string[];
  readonly variants: readonly Variant[];
  readonly seeds: readonly number[];
  /** Folder of all runs. */
  readonly output: string;
}

/**
 * The runs of a comparison in the order in which they are trained: each seed with all variants, so that
 * pairs are complete as soon as may be. Throws InputError, naming the variant, for a value that the
 * config does not take.
 */
export async function planRuns(
  { config, set, variants, seeds, output }: PlanOptions,
): Promise<PlannedRun[]> {
  const folders = folderNamesOf(variants);
  const runs: PlannedRun[] = [];
  for (const seed of seeds) {
    for (const [i, variant] of variants.entries()) {
      const name = `${folders[i]}-seed-${seed}`;
      const place = Object.entries({ seed, name, output }).map(([key, value]) => ({ key, value }));
      const all = [...set, ...overridesOf(variant.settings), ...overridesOf(place)];
      const file = await namingVariant(variant, () => loadConfig(config, { set: all }));
      if (file.config.training.maxTime !== undefined) {
        throw new InputError(
          "training.maxTime ends trainings by the clock, and those that are compared must be as long " +
            "as each other; leave it out, or give --set training.maxTime=null",
        );
      }
      runs.push({ variant, seed, name, path: join(output, name), config, set: all, file });
    }
  }
  return runs;
}

/** Runs `work`, whose InputErrors then say which variant they are about. */
export async function namingVariant<T>(
  { name, settings }: Variant,
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof InputError) || settings.length === 0) throw error;
    throw new InputError(`variant ${name}: ${error.message}`, { cause: error });
  }
}

/** How far a run is that is planned. */
export type RunStage = "new" | "begun" | "done";

/** How far a run has come; undefined is what there is of one that has not begun. */
export async function stageOf(
  { path, file: { config } }: Pick<PlannedRun, "path" | "file">,
  found: FoundCheckpoint | undefined,
): Promise<RunStage> {
  if (!found) return "new";
  const { training: { epochs, earlyStopping }, fold } = config;
  const { epoch, earlyStopping: memory } = found.checkpoint.state;
  const isTrained = epoch >= epochs || earlyStopping && hasStoppedEarly(earlyStopping, memory);
  return isTrained && (!fold || await exists(runFile(path, "folded"))) ? "done" : "begun";
}

/** What there is of a run. Throws as {@link findCheckpoint}, in words that fit a comparison. */
export async function findRun(path: string): Promise<FoundCheckpoint | undefined> {
  try {
    return await findCheckpoint(path, "resume");
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(
      `${error.message}. Or move ${path} away, and this command trains it anew`,
      { cause: error },
    );
  }
}
