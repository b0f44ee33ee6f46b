/** The planned runs of a comparison, and how far they are. */

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
  readonly path: string;
  /** The config's file, and all overrides. */
  readonly config: string;
  readonly set: readonly string[];
  readonly file: ConfigFile;
}

interface PlanOptions {
  /** The config's file and the overrides for all runs. */
  readonly config: string;
  readonly set: readonly string[];
  readonly variants: readonly Variant[];
  readonly seeds: readonly number[];
  /** Folder of all runs. */
  readonly output: string;
}

/**
 * The runs of a comparison in training order: all variants of a seed before the next seed, so that pairs
 * are complete as early as possible. Throws InputError, naming the variant, for a value that the config
 * rejects.
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
          "training.maxTime ends trainings by the clock, but compared trainings must be equally " +
            "long; leave it out, or use --set training.maxTime=null",
        );
      }
      runs.push({ variant, seed, name, path: join(output, name), config, set: all, file });
    }
  }
  return runs;
}

/** Runs `work`; its InputErrors then name the variant. */
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

/** The progress of a planned run. */
export type RunStage = "new" | "begun" | "done";

/** The progress of a run; `found` is undefined if it has not started. */
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

/** The checkpoint of a run. Throws as {@link findCheckpoint}, with advice for a comparison. */
export async function findRun(path: string): Promise<FoundCheckpoint | undefined> {
  try {
    return await findCheckpoint(path, "resume");
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(
      `${error.message}. Or move ${path} away, and this command trains it again`,
      { cause: error },
    );
  }
}
