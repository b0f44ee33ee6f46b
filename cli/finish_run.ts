/** The end of a training: why it ended, its result, and the folded network. */

import { readCheckpoint } from "../checkpoints/checkpoint.ts";
import type { Backend } from "../backends/backend.ts";
import type { FoldVerification } from "../networks/fold.ts";
import { foldCheckpoint } from "../checkpoints/fold_checkpoint.ts";
import type { Metrics } from "../checkpoints/run_state.ts";
import type { Config } from "../config/schema.ts";
import { exists } from "../files/exists.ts";
import { formatDuration } from "../reporting/format.ts";
import { describePatience } from "../training/early_stopping.ts";
import type { TrainingOutcome } from "../training/observer.ts";
import { formatMetric, lossLast, validationName } from "../training/metrics/metric.ts";
import type { ResolvedRecipe } from "../training/recipe.ts";
import type { RunFolder, RunIdentity } from "../training/run_folder.ts";
import type { SessionPlan } from "../training/session_plan.ts";
import type { TrainingRunOptions } from "../training/train.ts";
import type { Context } from "./command.ts";
import type { Images } from "./load_data.ts";
import type { RunPlan } from "./memory_plan.ts";
import { describeVerification, firstImages } from "./verification.ts";

/** A run about to be trained. */
export interface PreparedRun {
  readonly config: Config;
  readonly images: Images;
  readonly backend: Backend;
  readonly identity: RunIdentity;
  /** Its model is initialized; a checkpoint's weights replace these. */
  readonly recipe: ResolvedRecipe;
  readonly options: TrainingRunOptions;
  readonly plan: SessionPlan;
  readonly memory: RunPlan;
}

/** Why a training ended before its last epoch; undefined if it did not. */
export function describeEnd(
  { status, state: { epoch, step } }: TrainingOutcome,
  { config: { training }, recipe }: PreparedRun,
  folder: RunFolder,
): string | undefined {
  const stopped = `stopped at step ${step} (epoch ${epoch + 1} of ${training.epochs}) and saved ` +
    folder.lastPath;
  switch (status) {
    case "completed":
      return undefined;
    case "stopped early":
      return `stopped early after epoch ${epoch} of ${training.epochs}: ` +
        describePatience(recipe.earlyStopping!);
    case "out of time":
      return `${stopped}: training.maxTime is over`;
    case "interrupted":
      return stopped;
  }
}

/** Folds the run's best checkpoint and prints the result. */
export async function finish(
  { config, images, backend, recipe }: PreparedRun,
  folder: RunFolder,
  { status, state }: TrainingOutcome,
  seconds: number,
  context: Context,
): Promise<void> {
  // An earlier part of the run may have saved another best checkpoint.
  const kept = await exists(folder.bestPath) ? await readCheckpoint(folder.bestPath) : undefined;
  const isBestKept = kept !== undefined && kept.state.best?.epoch === state.best?.epoch;
  const path = isBestKept ? folder.bestPath : folder.lastPath;
  const result = isBestKept ? state.best : state.validation;
  context.print(
    (seconds === 0 ? "nothing was left to train" : `trained in ${formatDuration(seconds)}`) +
      (result ? `; validation ${describeMonitored(recipe, result)}` : "") + `: ${path}`,
  );
  let folded: FoldVerification | undefined;
  if (config.fold) {
    folded = await foldCheckpoint(
      isBestKept ? kept : await readCheckpoint(path),
      folder.foldedPath,
      backend,
      await firstImages(images.validation),
    );
    context.print(
      `folded: ${folder.foldedPath}; ${describeVerification(folded, "validation images")}`,
    );
  }
  context.emit({
    event: "done",
    status,
    checkpoint: path,
    folded: folded ? folder.foldedPath : null,
    monitor: recipe.monitor.metric,
    ...Object.fromEntries(
      lossLast(Object.keys(recipe.objective.metrics)).map((name) => [
        validationName(name),
        result?.[name] ?? null,
      ]),
    ),
    epochs: state.epoch,
    step: state.step,
    seconds,
  });
}

/** The metric that chose the best validation: `accuracy 97.50 %`. */
function describeMonitored({ objective, monitor }: ResolvedRecipe, result: Metrics): string {
  const info = objective.metrics[monitor.metric];
  return `${info.title} ${formatMetric(info, result[monitor.metric])}`;
}
