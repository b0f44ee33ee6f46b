/** Resuming a run: from which checkpoint, as which run, and computed in which way. */

import type { Backend } from "../backends/backend.ts";
import { type Checkpoint, restoreModel } from "../checkpoints/checkpoint.ts";
import type { ConfigFile } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { InputError, UserError } from "../errors.ts";
import { exists } from "../files/exists.ts";
import { describePatience, hasStoppedEarly } from "../training/early_stopping.ts";
import type { ResolvedRecipe } from "../training/recipe.ts";
import {
  type ExistingRun,
  type FoundCheckpoint,
  readRunCheckpoint,
} from "../training/run_files.ts";
import type { RunFolder } from "../training/run_folder.ts";
import { openChosen } from "./backend.ts";
import { type Arguments, type Context, shellQuoted } from "./command.ts";
import { changesSince, checkSameRun } from "./same_run.ts";

/** What the options want done with an existing run. Throws InputError for contradictory ones. */
export function existingRun(args: Arguments): ExistingRun {
  const [resume, force] = [args.flag("resume"), args.flag("force")];
  if (resume && force) {
    throw new InputError("--resume and --force exclude each other: give one of them");
  }
  for (const option of ["best", "other-bits"]) {
    if (args.flag(option) && !resume) {
      throw new InputError(`--${option} needs --resume`);
    }
  }
  if (force) return "replace";
  return !resume ? "refuse" : args.flag("best") ? "resume best" : "resume";
}

/**
 * The config with a number of shards instead of `auto`: a resumed run has as many as it started with.
 *
 * @param former the config of that run
 * @param ranks number of ranks that start a run
 */
export function withShards(
  file: ConfigFile,
  former: Config | undefined,
  ranks: number,
): ConfigFile {
  const { config } = file;
  if (config.data.shards !== "auto") return file;
  const begun = former?.data.shards ?? ranks;
  // Runs of earlier versions had no shards.
  const shards = begun === "auto" ? 1 : begun;
  return { ...file, config: { ...config, data: { ...config.data, shards } } };
}

/**
 * Throws InputError unless a run's checkpoints belong to the run that the config describes.
 *
 * @returns warnings
 */
export async function checkResume(
  { bestPath, lastPath }: RunFolder,
  { file, checkpoint, notices }: FoundCheckpoint,
  config: Config,
  otherBits: boolean,
): Promise<string[]> {
  const path = file === "best" ? bestPath : lastPath;
  const warnings = checkSameRun(checkpoint, path, config, { otherBits });
  const gone: string[] = [];
  if (await exists(bestPath)) {
    await checkBest(bestPath, config);
  } else if (checkpoint.state.best && config.checkpoints.keepBest) {
    gone.push(
      `${bestPath} is missing: unless a later validation is better, the run will have no best checkpoint`,
    );
  }
  return [...notices, ...gone, ...warnings];
}

/** Throws InputError for a best checkpoint that does not belong to the run. */
async function checkBest(path: string, config: Config): Promise<void> {
  const remedy = "move it elsewhere, and the run continues without it";
  let best: Checkpoint;
  try {
    best = await readRunCheckpoint(path);
    restoreModel(best, path);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`${error.message}; ${remedy}`, { cause: error });
  }
  const { refused } = changesSince(best, path, config);
  if (refused.length > 0) {
    throw new InputError(`${path} belongs to another run; ${remedy}:\n  ${refused.join("\n  ")}`);
  }
  // A best checkpoint is saved when its own epoch is the best.
  const { epoch, best: validation } = best.state;
  if (validation?.epoch === epoch) return;
  throw new InputError(
    `${path} contains the weights after epoch ${epoch} but says that ` +
      (validation ? `those after epoch ${validation.epoch} are the best` : "none are the best") +
      `: it is another checkpoint, renamed; ${remedy}`,
  );
}

/**
 * The backend of a run: the one that reproduces the bits of its checkpoint, unless others are allowed
 * or the checkpoint does not record it.
 */
export async function openForRun(
  checkpoint: Checkpoint | undefined,
  config: Config,
  otherBits: boolean,
  context: Context,
): Promise<Backend> {
  const { name, numerics, description } = checkpoint?.backend ?? {};
  if (!name || !numerics || otherBits) return await openChosen(config, context);
  try {
    return await openChosen({ ...config, repeat: { name, numerics } }, context);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new InputError(
      `this run was computed by ${description}, which is not available here: ${error.message}. ` +
        "With --other-bits it continues with what is available; its last bits then differ from an uninterrupted " +
        "run's",
      { cause: error },
    );
  }
}

/** Reports where a run resumes, and what the user should know. */
export function announceResume(
  { checkpoint: { backend: former, state } }: FoundCheckpoint,
  warnings: readonly string[],
  { config: { training }, recipe: { earlyStopping }, backend }: {
    readonly config: Config;
    readonly recipe: ResolvedRecipe;
    readonly backend: Backend;
  },
  { progress }: Context,
): void {
  for (const warning of warnings) progress.print(`warning: ${warning}`);
  if (former.description !== backend.description) {
    const computed = `the run was computed by ${former.description}, now by ${backend.description}`;
    const isRepeated = JSON.stringify(former.numerics) === JSON.stringify(backend.numerics);
    progress.print(
      isRepeated
        ? `${computed}, with the same bits`
        : `warning: ${computed}; the last bits of the result may differ from an uninterrupted run's`,
    );
  }
  const { epoch, step } = state;
  const isComplete = epoch >= training.epochs;
  if (!isComplete && earlyStopping && hasStoppedEarly(earlyStopping, state.earlyStopping)) {
    progress.print(
      `the training stopped early at step ${step}: ${describePatience(earlyStopping)}`,
    );
    return;
  }
  progress.print(
    isComplete
      ? `the training was complete at step ${step}`
      : `resuming at step ${step} (epoch ${epoch + 1} of ${training.epochs})`,
  );
}

/**
 * The command that resumes, with the options that must be repeated.
 *
 * @param size number of ranks; a launcher must start several again
 */
export function resumeAdvice(args: Arguments, { call }: Context, size: number): string {
  const output = args.text("output");
  const start = size > 1 ? "to resume, started by MPI as before" : "to resume";
  return [
    `${start}: ${call} ${shellQuoted(args.positionals[0])}`,
    ...args.texts("set").map((assignment) => `--set ${shellQuoted(assignment)}`),
    ...(output === undefined ? [] : [`--output ${shellQuoted(output)}`]),
    "--resume",
  ].join(" ");
}
