/** Training the network of a config in a run's folder, from the start or from where it was stopped. */

import { type Backend, DeviceError } from "../backends/backend.ts";
import type { Checkpoint } from "../checkpoints/checkpoint.ts";
import type { NetworkDescription } from "../checkpoints/network.ts";
import { requirePosition } from "../checkpoints/run_state.ts";
import { type ConfigFile, formatConfig, parseStored } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import type { DatasetInfo } from "../datasets/dataset.ts";
import { labelsOf } from "../datasets/sampling.ts";
import { InputError } from "../errors.ts";
import { PARAMETERS, type StateRange } from "../layers/state.ts";
import { spellName } from "../reporting/controls.ts";
import { formatCount, formatNumberOf } from "../reporting/format.ts";
import { sum } from "../reporting/statistics.ts";
import { countSteps } from "../training/data.ts";
import { UnwritableError } from "../training/failures.ts";
import type { TrainingOutcome } from "../training/observer.ts";
import { frozenBatchNorms } from "../training/freezing.ts";
import type { ResolvedRecipe } from "../training/recipe.ts";
import { type ExistingRun, runFile } from "../training/run_files.ts";
import { RunFolder, type RunIdentity } from "../training/run_folder.ts";
import { scheduleWarnings } from "../training/schedules/registry.ts";
import { planTraining, type TrainingRunOptions, trainRecipe } from "../training/train.ts";
import { describeArchitecture } from "./architecture.ts";
import type { Context } from "./command.ts";
import type { Interruption } from "./interruption.ts";
import { type Images, loadImages, waitingHint } from "./load_data.ts";
import { firstBatch } from "./batch_picture.ts";
import { checkPlan, describePlan, planRun } from "./memory_plan.ts";
import { rememberPlaces } from "./places.ts";
import { buildNetwork, changesOf, checkLastBatch, planNetwork, recipeOf } from "./prepare.ts";
import { adoptPretrained, locatePretrained } from "./pretrained.ts";
import { announceResume, checkResume, openForRun, withShards } from "./resume.ts";
import { describeEnd, finish, type PreparedRun } from "./finish_run.ts";
import { TrainReport } from "./train_report.ts";

/** What is to be trained, where, and what becomes of a run that is there. */
export interface TrainingRequest {
  readonly file: ConfigFile;
  /** Folder of the run. */
  readonly path: string;
  readonly existing: ExistingRun;
  /** Whether a run may go on with other last bits. */
  readonly otherBits?: boolean;
  /** A line that tells how to go on with a run that was stopped. */
  readonly howToGoOn: string;
  /** Loads the images of the config; what is loaded may be used again. Default: {@link loadImages}. */
  readonly load?: () => Promise<Images>;
  /** CPU threads of a run that begins, in the place of those of the config. */
  readonly threads?: Config["threads"];
}

/**
 * Trains, folds the best checkpoint of a training that was not interrupted, and says what comes out.
 * Throws UserErrors as {@link RunFolder.open} and the training do.
 *
 * @returns how the training ended
 */
export async function trainConfig(
  request: TrainingRequest,
  interruption: Pick<Interruption, "gracefully" | "outputFailure">,
  context: Context,
): Promise<TrainingOutcome["status"]> {
  const { path, existing, otherBits = false, threads, howToGoOn } = request;
  using folder = await RunFolder.open(path, existing);
  const { found } = folder;
  const former = found && parseStored(found.checkpoint.config, runFile(path, found.file)).config;
  const file = withShards(request.file, former, 1);
  const { config } = file;
  const { load = () => loadImages(file, context, { isKept: true }) } = request;
  const changes = found ? await checkResume(folder, found, config, otherBits) : [];
  // While there is a network: it is given up once the images are there.
  const pretrained = found ? undefined : await locatePretrained(file, context);
  const images = await load();
  await rememberPlaces(config);
  if (found) requireSamePictures(found.checkpoint, images.info, path);
  const backend = await openForRun(
    found?.checkpoint,
    threads === undefined ? config : { ...config, threads },
    otherBits,
    context,
  );
  const identity = await identityOf(file, images.info, backend);
  const model = buildNetwork(file, identity.architecture);
  model.initialize(config.seed);
  const recipe = recipeOf(file, model, identity.description, images.train.targets);
  const stepsPerEpoch = file.at(
    "data",
    () => countSteps(images.train, { ...config.data, ...config.training }),
  );
  if (config.data.sampling === "balanced") file.at("data", () => labelsOf(images.train.targets));
  if (found) requirePosition(found.checkpoint.state, stepsPerEpoch, runFile(path, found.file));
  checkLastBatch(file, recipe, identity.description, images.train.count);
  const warnings = file.at("training.schedule", () =>
    scheduleWarnings(config.training.schedule, {
      learningRate: recipe.optimizer.options.learningRate,
      stepsPerEpoch,
      totalSteps: stepsPerEpoch * config.training.epochs,
      objective: recipe.objective,
    }));
  const { beginning } = recipe;
  if (beginning && beginning.epochs >= config.training.epochs) {
    warnings.push(
      `training.freeze.epochs is ${beginning.epochs} of ${config.training.epochs} epochs: what is ` +
        "frozen is never released",
    );
  }
  const options = {
    ...optionsOf(config, identity.description),
    backend,
    train: images.train,
    validation: images.validation,
    store: folder,
    resume: found?.checkpoint,
  };
  const plan = planTraining(recipe, options);
  const memory = planRun(file, backend, plan.programs, model, images);
  warnings.push(...checkPlan(file, memory));
  for (const warning of warnings) context.progress.print(`warning: ${warning}`);
  folder.describe({
    identity,
    configText: formatConfig(config),
    loggers: config.training.loggers,
    sources: {
      print(line) {
        context.progress.clear();
        context.print(line);
      },
      pictures: async () => ({
        batch: (await firstBatch(config, images, identity.description, backend)).png,
      }),
    },
  });
  if (found) announceResume(found, changes, { config, recipe, backend }, context);
  else if (pretrained !== undefined) await adoptPretrained(model, pretrained, file, context);
  const start = performance.now();
  const run = { config, images, backend, identity, recipe, folder, options, plan, memory };
  let outcome: TrainingOutcome;
  try {
    outcome = await interruption.gracefully(
      context,
      (signal, context) => trainRun(run, signal, context),
    );
  } catch (error) {
    const kind = [DeviceError, UnwritableError].find((kind) => error instanceof kind);
    if (!kind || !folder.lastCheckpoint()) throw error;
    throw new kind(`${(error as Error).message}\n${howToGoOn}`, { cause: error });
  }
  context.progress.finish();
  const ending = describeEnd(outcome, run);
  if (ending !== undefined) context.progress.print(ending);
  const isStopped = outcome.status === "interrupted";
  if (isStopped || outcome.status === "out of time") {
    context.progress.print(howToGoOn);
  }
  if (interruption.outputFailure !== undefined) throw interruption.outputFailure;
  if (isStopped) return outcome.status;
  const wasComplete = found?.checkpoint.state.step === outcome.state.step;
  const seconds = wasComplete ? 0 : (performance.now() - start) / 1000;
  await finish(run, outcome, seconds, context);
  return outcome.status;
}

/** Throws InputError where a run would go on with other pictures than those it began with. */
function requireSamePictures(
  { pictures }: Checkpoint,
  { fingerprint }: DatasetInfo,
  path: string,
): void {
  if (pictures === undefined || fingerprint === undefined || pictures === fingerprint) return;
  throw new InputError(
    `${path}: the pictures are not those that this run began with: some were added, removed, renamed ` +
      "or given another label; restore them, choose another --output, or start anew with --force",
  );
}

async function identityOf(
  file: ConfigFile,
  info: DatasetInfo,
  backend: Backend,
): Promise<RunIdentity> {
  const { config } = file;
  const { architecture, description } = await planNetwork(file, info);
  const { name, threads, numerics } = backend;
  return {
    description,
    architecture,
    config,
    seed: config.seed,
    ...(info.fingerprint === undefined ? {} : { pictures: info.fingerprint }),
    backend: { name, threads, numerics, description: backend.description },
  };
}

async function trainRun(
  { config, images, backend, identity, recipe, folder, options, plan, memory }: PreparedRun,
  signal: AbortSignal,
  context: Context,
): Promise<TrainingOutcome> {
  const { data } = config;
  const { name } = identity.architecture;
  const parameters = [...recipe.model.namedParameters().values()]
    .reduce((sum, { trainable, data }) => sum + (trainable ? data.length : 0), 0);
  context.print(
    `${describeArchitecture(identity.architecture)} (${
      formatCount(parameters)
    } parameters) on ${images.info.name}: ` +
      `${formatCount(images.train.count)} images to train on, ` +
      `${formatCount(images.validation.count)} to validate; ${backend.description}; ` +
      `run folder ${folder.path}`,
  );
  const frozen = describeFrozen(recipe);
  if (frozen !== undefined) context.print(frozen);
  const weights = describeWeights(recipe, identity.description);
  if (weights !== undefined) context.print(weights);
  context.print(describePlan(memory));
  if (options.mixing) {
    context.print("mixed images: training's metrics take each for the class of its larger share");
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
    },
    recipe,
    images.validation.count,
    () => [images.train, images.validation].flatMap((split) => split.complaints?.() ?? []),
    waitingHint(images, data),
  );
  return await trainRecipe(recipe, { ...options, observer: report, signal }, plan);
}

/** What a config says of a training on these images. */
export function optionsOf(
  { data, training, checkpoints, seed }: Config,
  { input, normalization }: NetworkDescription,
): Omit<TrainingRunOptions, "backend" | "train"> {
  return {
    ...training,
    normalization,
    ...changesOf(data, input),
    sampling: data.sampling,
    augRepeats: data.augRepeats,
    workers: data.workers,
    batchSize: data.batchSize,
    shards: data.shards,
    evaluationBatchSize: data.evalBatchSize,
    dropLast: data.dropLast,
    seed,
    saveEverySteps: checkpoints.everySteps,
    saveEveryMinutes: checkpoints.everyMinutes,
    keepBest: checkpoints.keepBest,
  };
}

/** What is not trained, in words; undefined where all is. */
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
    ...(staying > 0 ? [`the statistics of ${norms(staying)} stay as they are`] : []),
    ...(moving > 0 ? [`those of ${norms(moving)} whose scale and shift are frozen move`] : []),
  ];
  return lines.join("; ");
}

/** How much classes count, in words; undefined where all count the same. */
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
