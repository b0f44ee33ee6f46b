/** Everything that precedes the first step of a run: images, network, plan, and whether they fit. */

import type { Backend } from "../backends/backend.ts";
import type { Checkpoint } from "../checkpoints/checkpoint.ts";
import { requirePosition } from "../checkpoints/run_state.ts";
import { type ConfigFile, formatConfig, parseStored } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import type { DatasetInfo } from "../datasets/dataset.ts";
import { labelsOf } from "../datasets/sampling.ts";
import { InputError } from "../errors.ts";
import type { NetworkDescription } from "../networks/network.ts";
import type { Ranks } from "../ranks/ranks.ts";
import { countSteps } from "../training/data.ts";
import { type FoundCheckpoint, runFile } from "../training/run_files.ts";
import type { RunFolder, RunIdentity } from "../training/run_folder.ts";
import { scheduleWarnings } from "../training/schedules/registry.ts";
import { planTraining, type TrainingRunOptions } from "../training/train.ts";
import { splitThreads } from "./backend.ts";
import { firstBatch } from "./batch_picture.ts";
import type { Context } from "./command.ts";
import type { PreparedRun } from "./finish_run.ts";
import { type Images, loadImages } from "./load_data.ts";
import { processesOnHost, type RankGroup, SINGLE_RANK } from "./rank_group.ts";
import { checkPlan, planRun } from "./memory_plan.ts";
import { rememberPlaces } from "./places.ts";
import {
  buildNetwork,
  changesOf,
  checkLastBatch,
  planNetwork,
  recipeOf,
  shardSizeOf,
} from "./prepare.ts";
import { adoptPretrained, locatePretrained } from "./pretrained.ts";
import { announceResume, checkResume, openForRun, withShards } from "./resume.ts";

/** A run to prepare. */
export interface RunRequest {
  readonly file: ConfigFile;
  /** Folder of the run; with several ranks that of the first one only. */
  readonly path: string;
  /** Whether a run may continue with other last bits. */
  readonly otherBits?: boolean;
  /** Loads the images of the config, which may be reused. Default: {@link loadImages}. */
  readonly load?: () => Promise<Images>;
  /** CPU threads of a new run, instead of those of the config. */
  readonly threads?: Config["threads"];
  /** The ranks that train together. Default: this process alone. */
  readonly group?: RankGroup;
}

/**
 * Prepares a run. Throws UserErrors for whatever does not fit.
 *
 * @param request includes the checkpoint to resume from, if any
 * @param folder undefined if another process owns it
 */
export async function prepareRun(
  request: RunRequest & { readonly found?: FoundCheckpoint },
  folder: RunFolder | undefined,
  context: Context,
): Promise<PreparedRun> {
  const { path, otherBits = false, found, group = SINGLE_RANK } = request;
  const { ranks } = group;
  const former = found && parseStored(found.checkpoint.config, runFile(path, found.file)).config;
  const file = withShards(request.file, former, ranks.size);
  const { config } = file;
  // Before anything slow.
  shardSizeOf(file, ranks);
  const { load = () => loadImages(file, context, { isKept: true }) } = request;
  const changes = found && folder ? await checkResume(folder, found, config, otherBits) : [];
  // Before network access is given up, which happens once the images are loaded.
  const pretrained = found || !folder ? undefined : await locatePretrained(file, context);
  const images = await load();
  if (folder) await rememberPlaces(config);
  if (found) requireSamePictures(found.checkpoint, images.info, path);
  const backend = await openForRun(
    found?.checkpoint,
    { ...config, threads: request.threads ?? threadsOf(config, ranks) },
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
      `training.freeze.epochs is ${beginning.epochs} of ${config.training.epochs} epochs: the ` +
        "frozen parameters are never trained",
    );
  }
  const options = {
    ...optionsOf(config, identity.description),
    backend,
    train: images.train,
    validation: images.validation,
    ranks,
    store: folder,
    resume: found?.checkpoint,
  };
  const plan = planTraining(recipe, options);
  const memory = planRun(file, backend, plan.programs, model, images);
  warnings.push(
    ...checkPlan(file, memory, processesOnHost(group)),
    ...sharedGpuWarnings(backend, ranks),
  );
  for (const warning of warnings) context.progress.print(`warning: ${warning}`);
  folder?.describe({
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
  return { config, images, backend, identity, recipe, options, plan, memory };
}

/** Default threads of each of several processes on a machine. */
function threadsOf({ threads }: Config, { localSize }: Ranks): Config["threads"] {
  const count = typeof threads === "object" ? threads.count : threads;
  return count === "auto" && localSize > 1 ? splitThreads(threads, localSize) : threads;
}

/** GPUs of the same model cannot be told apart, so whether processes share one is unknown. */
export function sharedGpuWarnings(
  { name, description }: Pick<Backend, "name" | "description">,
  { localSize }: Pick<Ranks, "localSize">,
): string[] {
  if (name !== "webgpu" || localSize === 1) return [];
  return [
    `${localSize} processes on this machine compute on ${description}: on the same device, unless each was ` +
    "assigned its own GPU (docs/webgpu.md, several GPUs)",
  ];
}

/** Throws InputError if a run would resume with other images than it started with. */
function requireSamePictures(
  { pictures }: Checkpoint,
  { fingerprint }: DatasetInfo,
  path: string,
): void {
  if (pictures === undefined || fingerprint === undefined || pictures === fingerprint) return;
  throw new InputError(
    `${path}: the images are not those that this run started with: some were added, removed, renamed ` +
      "or relabeled; restore them, choose another --output, or start over with --force",
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

/** The recipe of a config for these images. */
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
