/** Training a model on labeled images: the public entry to the training loop. */
import type { Backend } from "../backends/backend.ts";
import type { TrainingTensors } from "../checkpoints/checkpoint.ts";
import { requirePosition, type RunState } from "../checkpoints/run_state.ts";
import type { ChannelStatistics } from "../datasets/dataset.ts";
import type { ImageShape, ImageSource } from "../datasets/image_source.ts";
import { BatchLoader } from "../datasets/loader.ts";
import { InputError, type OptionPath, within } from "../errors.ts";
import type { Module } from "../layers/module.ts";
import { suggestion } from "../schema/nearest.ts";
import { parseOwnOptions } from "../schema/entry.ts";
import { inferenceProgram } from "../models/inference.ts";
import { sharedWork } from "./agreement.ts";
import { countSteps, trainingData } from "./data.ts";
import { changedInput, type TrainingChanges } from "./image_input.ts";
import { startTogether } from "./joint_start.ts";
import { runTraining } from "./loop.ts";
import type { LoopHooks, TrainingOutcome } from "./observer.ts";
import { RECIPE, type Recipe, type ResolvedRecipe, resolveRecipe } from "./recipe.ts";
import { RUN, type RunOptions } from "./run_options.ts";
import { ALONE, type Ranks } from "../ranks/ranks.ts";
import { batchSizesOf, partsOf } from "./programs.ts";
import { shardCount } from "./shard_count.ts";
import { createSchedule } from "./schedules/registry.ts";
import { TrainingSession } from "./session.ts";
import { planSession, type SessionPlan } from "./session_plan.ts";
import { checkTargets, requireMixable } from "./targets.ts";

/** Options of a training besides its model and {@link Recipe}. */
export interface TrainingRunOptions extends RunOptions, LoopHooks, TrainingChanges {
  /** The backend; see `openBackend`. */
  readonly backend: Backend;
  /** Images to train on. */
  readonly train: ImageSource;
  /** Images to validate on. Default: none. */
  readonly validation?: ImageSource;
  /** Mean and standard deviation that pixels scaled to [0, 1] are normalized with. */
  readonly normalization: ChannelStatistics;
  /**
   * The ranks that train together: all call this with the same options, and each computes its part
   * of every batch and validation. Only the first one's `store` and `observer` are used. Default:
   * this process alone.
   */
  readonly ranks?: Ranks;
  /** The position to continue from. Default: the model's present weights. */
  readonly resume?: { readonly state: RunState; readonly tensors: TrainingTensors };
}

/** Options of {@link train}. */
export interface TrainOptions extends Recipe, TrainingRunOptions {
  /** Trained in place: has the last weights afterwards, the averaged ones if `ema` is given. */
  readonly model: Module;
}

/**
 * Trains a model by stochastic gradient descent on an objective, by default the softmax
 * cross-entropy of its logits. The same options give the same bits, whether or not the training was
 * interrupted and resumed, on one backend with one number of threads and one form of kernels
 * (docs/cpu.md). Throws InputError for invalid options and for targets that the objective cannot
 * use, RunError if the training diverges.
 *
 * ```ts
 * import { buildModel, loadDataset, openBackend, train } from "./mod.ts";
 *
 * const data = await loadDataset({ name: "synthetic", imageSize: 16, trainCount: 64 });
 * const model = buildModel("cifar_resnet20_v1", {
 *   classes: data.classNames.length,
 *   inputSize: 16,
 *   convolution: "do_conv",
 * });
 * model.initialize(0);
 * const { state } = await train({
 *   model,
 *   backend: await openBackend({ backend: "cpu" }),
 *   train: data.train,
 *   normalization: data.statistics,
 *   epochs: 1,
 *   batchSize: 32,
 *   optimizer: { name: "sgd", learningRate: 0.1, momentum: 0.9 },
 * });
 * console.log(state.step); // 2
 * ```
 */
export async function train(options: TrainOptions): Promise<TrainingOutcome> {
  checkOptions(options);
  const { model, train, normalization } = options;
  const images = { input: train.shape, normalization };
  const [, classes] = inferenceProgram(model, images, 1).outputs.logits.shape;
  const { targets } = train;
  return await trainRecipe(resolveRecipe(model, options, { classes, targets }), options);
}

/** What {@link trainRecipe} compiles with the same arguments. */
export function planTraining(recipe: ResolvedRecipe, options: TrainingRunOptions): SessionPlan {
  const run = parseOwnOptions(RUN, options);
  const { backend, train, validation, normalization, resume, ranks = ALONE } = options;
  const shards = shardCount(run, ranks);
  const counts = { train: train.count, validation: validation?.count };
  return planSession(backend, {
    recipe,
    ...changedInput({ input: train.shape, normalization }, options),
    ...batchSizesOf({ ...run, batchSize: run.batchSize / shards }, counts),
    seed: run.seed,
    accumulate: run.accumulate,
    shards,
    ranks,
    withNorms: run.logNorms !== false,
    epochs: {
      stepsPerEpoch: countSteps(train, run),
      // A complete training is only read.
      from: Math.min(resume?.state.epoch ?? 0, run.epochs - 1),
      to: run.epochs,
    },
  });
}

/**
 * As {@link train}, with a recipe that has been applied to the model.
 *
 * @param planned the result of {@link planTraining}, if it was needed before
 */
export async function trainRecipe(
  recipe: ResolvedRecipe,
  options: TrainingRunOptions,
  planned?: SessionPlan,
): Promise<TrainingOutcome> {
  const run = parseOwnOptions(RUN, options);
  const { backend, ranks } = options;
  const { workers } = run;
  for (const name of ["train", "validation"] as const) {
    const split = options[name];
    if (!split) continue;
    requireShape(split.shape, options.train.shape, [name]);
    checkTargets(recipe.objective, split, recipe.classes, [name]);
  }
  const resume = await startTogether(recipe, options, run);
  const plan = planned ?? planTraining(recipe, { ...options, resume });
  const { evaluationBatchSize = 1 } = plan.options;
  using loader = openBatches(recipe, options, plan);
  using validation = options.validation && new BatchLoader(options.validation, {
    batchSize: evaluationBatchSize,
    workers,
    processes: ranks?.localSize,
    turn: ranks && { index: ranks.rank, of: ranks.size, batches: 1 },
  });
  const data = trainingData(loader, validation, plan);
  const steps = data.stepsPerEpoch;
  if (resume) requirePosition(resume.state, steps, "resume");
  const schedule = within(["schedule"], () =>
    createSchedule(run.schedule, {
      learningRate: recipe.optimizer.options.learningRate,
      stepsPerEpoch: steps,
      totalSteps: steps * run.epochs,
      objective: recipe.objective,
    }));
  requireValidation(options, { schedule: schedule.follow, earlyStopping: recipe.earlyStopping });
  const session = await sharedWork(
    ranks ?? ALONE,
    () => TrainingSession.create(backend, plan),
  );
  try {
    if (resume) session.restore(resume.tensors);
    const outcome = await runTraining({
      ...run,
      store: options.store,
      observer: options.observer,
      signal: options.signal,
      session,
      data,
      ranks,
      schedule,
      ...(resume ? { start: resume.state } : {}),
    });
    const { model: weights, ema } = await session.snapshot();
    recipe.model.loadStateDict(ema ?? weights);
    return outcome;
  } finally {
    session.dispose();
  }
}

/**
 * The training batches of a recipe. Throws InputError, `at` the option, for mixing that its
 * objective cannot learn from, and as {@link BatchLoader}.
 *
 * @param plan of the session that trains on them
 */
export function openBatches(
  { objective, classes }: ResolvedRecipe,
  options: TrainingRunOptions,
  plan: SessionPlan,
): BatchLoader {
  const { augmentation = [], mixing, ranks = ALONE } = options;
  const { seed, dropLast, workers, sampling, augRepeats } = parseOwnOptions(RUN, options);
  const parts = partsOf(plan.options);
  if (mixing) within(["mixing"], () => requireMixable(objective));
  return new BatchLoader(options.train, {
    batchSize: plan.options.batchSize,
    seed,
    shuffle: true,
    dropLast,
    groupSize: parts,
    processes: ranks.localSize,
    turn: { index: ranks.rank, of: ranks.size, batches: parts / ranks.size },
    augmentation,
    sampling,
    augRepeats,
    workers,
    ...(mixing ? { mixing: { options: mixing, classes } } : {}),
  });
}

/** Throws InputError, `at` the option, for an option that needs validations if there are none. */
function requireValidation(
  { validation }: Pick<TrainingRunOptions, "validation">,
  followers: Readonly<Record<string, unknown>>,
): void {
  const name = Object.keys(followers).find((name) => followers[name] !== undefined);
  if (validation || name === undefined) return;
  throw new InputError(`${name} follows the validations; give images to validate on`, {
    at: [name],
  });
}

/** Throws InputError, `at` the images, if their shape differs from that of the training images. */
function requireShape(found: ImageShape, expected: ImageShape, at: OptionPath): void {
  const [is, shouldBe] = [found, expected].map(({ height, width, channels }) =>
    `${height}x${width}x${channels}`
  );
  if (is === shouldBe) return;
  throw new InputError(`the images are ${is}; expected ${shouldBe}, as those to train on`, { at });
}

/** The options that are objects, not plain data with a schema. */
const OBJECTS: Readonly<
  Record<Exclude<keyof TrainOptions, keyof Recipe | keyof RunOptions>, true>
> = {
  model: true,
  backend: true,
  train: true,
  validation: true,
  normalization: true,
  augmentation: true,
  mixing: true,
  resume: true,
  ranks: true,
  store: true,
  observer: true,
  signal: true,
};

/** Throws InputError for unknown or former options. */
function checkOptions(options: object): void {
  const known = Object.keys({ ...RECIPE.schema.shape, ...RUN.schema.shape, ...OBJECTS });
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || known.includes(name)) continue;
    const advice = name === "labelSmoothing"
      ? `; now an option of the objective: { name: "classification", labelSmoothing: ${value} }`
      : suggestion(name, known, "options");
    throw new InputError(`${name}: unknown option${advice}`, { at: [name] });
  }
}
