/** Trains the network of a config in a run's folder, from the start or from where it was stopped. */

import { DeviceError } from "../backends/backend.ts";
import type { NetworkDescription } from "../networks/network.ts";
import { PARAMETERS, type StateRange } from "../layers/state.ts";
import type { Ranks } from "../ranks/ranks.ts";
import { spellName } from "../reporting/controls.ts";
import { formatCount, formatNumberOf } from "../reporting/format.ts";
import { sum } from "../reporting/statistics.ts";
import { requireSame } from "../training/agreement.ts";
import { UnwritableError } from "../training/failures.ts";
import type { TrainingOutcome } from "../training/observer.ts";
import { frozenBatchNorms } from "../training/freezing.ts";
import type { ResolvedRecipe } from "../training/recipe.ts";
import type { ExistingRun, FoundCheckpoint } from "../training/run_files.ts";
import { RunFolder } from "../training/run_folder.ts";
import { trainRecipe } from "../training/train.ts";
import { describeArchitecture } from "./architecture.ts";
import type { Context } from "./command.ts";
import { describeEnd, finish, type PreparedRun } from "./finish_run.ts";
import type { Interruption } from "./interruption.ts";
import { waitingHint } from "./load_data.ts";
import { describeJointTraining, type RankGroup, SINGLE_RANK, together } from "./rank_group.ts";
import { describePlan } from "./memory_plan.ts";
import { prepareRun, type RunRequest } from "./prepare_run.ts";
import { factsOf } from "./same_run.ts";
import { TrainReport } from "./train_report.ts";

/** What to train, where, and what to do with an existing run. */
interface TrainingRequest extends RunRequest {
  readonly existing: ExistingRun;
  /** A line that explains how to resume a run that was stopped. */
  readonly resumeAdvice: string;
}

/**
 * Trains, folds the best checkpoint unless the training was interrupted, and prints the result.
 * Throws UserErrors as {@link RunFolder.open} and the training do.
 *
 * @returns how the training ended
 */
export async function trainConfig(
  request: TrainingRequest,
  interruption: Pick<Interruption, "gracefully" | "outputFailure">,
  context: Context,
): Promise<TrainingOutcome["status"]> {
  const { path, existing, resumeAdvice, group = SINGLE_RANK } = request;
  const { ranks } = group;
  await requireSame(ranks, () => factsOf(request.file.config));
  const isFirst = ranks.rank === 0;
  using folder = await together(
    group,
    async () => isFirst ? await RunFolder.open(path, existing) : undefined,
  );
  const found = await foundByFirst(ranks, folder?.found);
  const run = await together(group, () => prepareRun({ ...request, found }, folder, context));
  // The contents of image files are not compared.
  await requireSame(ranks, () => ({ pictures: run.identity.pictures ?? "of no files" }));
  const start = performance.now();
  let outcome: TrainingOutcome;
  try {
    outcome = await interruption.gracefully(
      context,
      (signal, context) => trainRun(run, folder, group, signal, context),
    );
  } catch (error) {
    const kind = [DeviceError, UnwritableError].find((kind) => error instanceof kind);
    if (!kind || !folder?.lastCheckpoint()) throw error;
    throw new kind(`${(error as Error).message}\n${resumeAdvice}`, { cause: error });
  }
  context.progress.finish();
  const ending = folder && describeEnd(outcome, run, folder);
  if (ending !== undefined) context.progress.print(ending);
  const isStopped = outcome.status === "interrupted";
  if (isStopped || outcome.status === "out of time") {
    context.progress.print(resumeAdvice);
  }
  if (interruption.outputFailure !== undefined) throw interruption.outputFailure;
  if (isStopped) return outcome.status;
  const wasComplete = found?.checkpoint.state.step === outcome.state.step;
  const seconds = wasComplete ? 0 : (performance.now() - start) / 1000;
  // The other ranks wait here, where a signal still ends all with its exit code.
  await together(group, () => folder && finish(run, folder, outcome, seconds, context));
  return outcome.status;
}

/** The checkpoint found by the first rank; the training itself broadcasts its tensors. */
async function foundByFirst(
  ranks: Ranks,
  found: FoundCheckpoint | undefined,
): Promise<FoundCheckpoint | undefined> {
  if (ranks.size === 1) return found;
  const { checkpoint, ...others } = found ?? {};
  const { tensors: _, ...header } = checkpoint ?? {};
  const text = JSON.stringify(found ? { ...others, checkpoint: header } : null);
  const first = await ranks.broadcast(new TextEncoder().encode(text));
  if (ranks.rank === 0) return found;
  const theirs = JSON.parse(new TextDecoder().decode(first));
  const tensors = { model: new Map(), optimizer: new Map() };
  return theirs ? { ...theirs, checkpoint: { ...theirs.checkpoint, tensors } } : undefined;
}

async function trainRun(
  { config, images, backend, identity, recipe, options, plan, memory }: PreparedRun,
  folder: RunFolder | undefined,
  group: RankGroup,
  signal: AbortSignal,
  context: Context,
): Promise<TrainingOutcome> {
  if (!folder) return await trainRecipe(recipe, { ...options, signal }, plan);
  const { data } = config;
  const { name } = identity.architecture;
  const parameters = [...recipe.model.namedParameters().values()]
    .reduce((sum, { trainable, data }) => sum + (trainable ? data.length : 0), 0);
  context.print(
    `${describeArchitecture(identity.architecture)} (${
      formatCount(parameters)
    } parameters) on ${images.info.name}: ` +
      `${formatCount(images.train.count)} images for training, ` +
      `${formatCount(images.validation.count)} for validation; ${backend.description}; ` +
      `run folder ${folder.path}`,
  );
  const frozen = describeFrozen(recipe);
  if (frozen !== undefined) context.print(frozen);
  const weights = describeWeights(recipe, identity.description);
  if (weights !== undefined) context.print(weights);
  const { ranks } = group;
  if (ranks.size > 1) context.print(describeJointTraining(group, data));
  context.print(describePlan(memory));
  if (options.mixing) {
    context.print("mixed images: training metrics count each as the class of its larger share");
  }
  const report = new TrainReport(
    context,
    {
      model: name,
      parameters,
      dataset: images.info.name,
      trainCount: images.train.count,
      validCount: images.validation.count,
      batchSize: data.batchSize,
      backend: backend.name,
      threads: backend.threads,
      output: folder.path,
      memory: memory.memory,
      ...(ranks.size > 1 ? { ranks: ranks.size } : {}),
    },
    recipe,
    images.validation.count,
    waitingHint(images, data),
  );
  return await trainRecipe(recipe, { ...options, observer: report, signal }, plan);
}

/** What is frozen, as text; undefined if nothing is. */
function describeFrozen({ layout, beginning, ...recipe }: ResolvedRecipe): string | undefined {
  const { trained, frozen } = beginning ?? recipe;
  if (frozen.size === 0) return undefined;
  const count = (ranges: readonly StateRange[]) => sum(ranges.map(({ size }) => size));
  const all = layout.ranges.filter(({ variable }) => variable === PARAMETERS);
  const until = beginning ? ` for ${formatNumberOf(beginning.epochs, "epoch")}` : "";
  const { staying, moving } = frozenBatchNorms(recipe.model, frozen);
  const norms = (count: number) => formatNumberOf(count, "batch norm");
  const lines = [
    `frozen${until}: ${formatCount(count(all) - count(trained))} of ${
      formatCount(count(all))
    } parameters`,
    ...(staying > 0 ? [`the statistics of ${norms(staying)} stay fixed`] : []),
    ...(moving > 0 ? [`those of ${norms(moving)} with frozen scale and shift still change`] : []),
  ];
  return lines.join("; ");
}

/** The range of class weights, as text; undefined without weights. */
function describeWeights(
  { objective: { classWeights } }: ResolvedRecipe,
  { classNames }: NetworkDescription,
): string | undefined {
  if (!classWeights) return undefined;
  const all = classNames.map((name, c) => ({ name, weight: classWeights[c] }))
    .toSorted((a, b) => a.weight - b.weight);
  const spell = ({ name, weight }: typeof all[number]) =>
    `${weight.toFixed(3)} (${spellName(name)})`;
  return `class weights from ${spell(all[0])} to ${spell(all[all.length - 1])}`;
}
