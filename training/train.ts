/** Training a model on labelled images: the library's front door to the loop. */
import type { Backend } from "../backends/backend.ts";
import type { TrainingTensors } from "../checkpoints/checkpoint.ts";
import type { RunState } from "../checkpoints/run_state.ts";
import type { Augmentation, BatchArrays } from "../datasets/batch.ts";
import { type ChannelStatistics, imageSize, type Split } from "../datasets/dataset.ts";
import { BatchLoader } from "../datasets/loader.ts";
import type { Module } from "../layers/module.ts";
import { parseOwnOptions } from "../schema/entry.ts";
import { type ImageFormat, inferenceProgram } from "../models/inference.ts";
import { imageInput } from "./image_input.ts";
import { requireLabels } from "./labels.ts";
import { type LoopHooks, runTraining, type TrainingData, type TrainingOutcome } from "./loop.ts";
import { type Recipe, type ResolvedRecipe, resolveRecipe } from "./recipe.ts";
import { RUN, type RunOptions } from "./run_options.ts";
import { createSchedule } from "./schedules/registry.ts";
import { type StepBatch, TrainingSession } from "./session.ts";

/** Options of a training besides its model and {@link Recipe}. */
export interface TrainingRunOptions extends RunOptions, LoopHooks {
  /** What computes; see `openBackend`. */
  readonly backend: Backend;
  /** Images to train on. */
  readonly train: Split;
  /** Images to validate on. Default: none. */
  readonly validation?: Split;
  /** Subtracted from and divided out of pixels scaled to [0, 1], one number per channel. */
  readonly normalization: ChannelStatistics;
  /** Default: none. */
  readonly augmentation?: Augmentation;
  /** Where to go on. Default: from the model's present weights. */
  readonly resume?: { readonly state: RunState; readonly tensors: TrainingTensors };
}

/** Options of {@link train}. */
export interface TrainOptions extends Recipe, TrainingRunOptions {
  /** Trained in place: holds the last weights afterwards, the averaged ones if `ema` is given. */
  readonly model: Module;
}

/**
 * Trains a model by stochastic gradient descent on the softmax cross-entropy of its logits. The
 * same options give the same bits, whether or not the training was interrupted and resumed, on one
 * backend with one number of threads and one form of kernels (docs/cpu.md).
 * Throws InputError for options that do not fit and labels that are none of the model's classes,
 * RunError when the training diverges.
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
  const { model, train, normalization } = options;
  const classes = classesOf(model, { input: train.imageShape, normalization });
  return await trainRecipe(resolveRecipe(model, options, { classes }), options);
}

/** As {@link train}, by a recipe that has been applied to the model. */
export async function trainRecipe(
  recipe: ResolvedRecipe,
  options: TrainingRunOptions,
): Promise<TrainingOutcome> {
  const run = parseOwnOptions(RUN, options);
  const { backend, resume, normalization } = options;
  const { seed, dropLast } = run;
  const { augmentation = { padding: 0, flip: false } } = options;
  const images = { input: options.train.imageShape, normalization };
  for (const split of [options.train, options.validation]) {
    if (split) requireLabels(split, recipe.classes);
  }
  const batchSize = dropLast ? run.batchSize : Math.min(run.batchSize, options.train.count);
  const evaluationBatchSize = Math.min(
    run.evaluationBatchSize,
    options.validation?.count ?? Infinity,
  );
  using loader = new BatchLoader(options.train, {
    batchSize,
    seed,
    shuffle: true,
    dropLast,
    augmentation,
  });
  using validation = options.validation &&
    new BatchLoader(options.validation, { batchSize: evaluationBatchSize });
  const rest = options.train.count % batchSize;
  const session = await TrainingSession.create(backend, {
    recipe,
    traceInput: imageInput(images, augmentation.padding),
    seed,
    batchSize,
    ...(dropLast || rest === 0 ? {} : { lastBatchSize: rest }),
    ...(validation ? { evaluationBatchSize } : {}),
  });
  try {
    if (resume) session.restore(resume.tensors);
    const steps = loader.batchCount;
    const outcome = await runTraining({
      ...run,
      store: options.store,
      observer: options.observer,
      signal: options.signal,
      session,
      data: trainingData(loader, validation, imageSize(options.train.imageShape)),
      schedule: createSchedule(run.schedule, {
        learningRate: recipe.optimizer.options.learningRate,
        stepsPerEpoch: steps,
        totalSteps: steps * run.epochs,
      }),
      ...(resume ? { start: resume.state } : {}),
    });
    const { model: weights, ema } = await session.snapshot();
    recipe.model.loadStateDict(ema ?? weights);
    return outcome;
  } finally {
    session.dispose();
  }
}

/** How many classes a model tells apart. Throws InputError if it does not take the images. */
function classesOf(model: Module, images: ImageFormat): number {
  const [, classes] = inferenceProgram(model, images, 1).outputs.logits.shape;
  return classes;
}

function trainingData(
  loader: BatchLoader,
  validation: BatchLoader | undefined,
  bytesPerImage: number,
): TrainingData {
  return {
    stepsPerEpoch: loader.batchCount,
    async *batches(epoch, first) {
      for await (const { count, ...arrays } of loader.epoch(epoch, first)) {
        // Filling would count in batch normalisation, so a training batch has none.
        yield { arrays: rowsOf(arrays, count, bytesPerImage), count };
      }
    },
    ...(validation ? { validationBatches: () => wholeBatches(validation) } : {}),
  };
}

async function* wholeBatches(loader: BatchLoader): AsyncGenerator<StepBatch, void, void> {
  for await (const { pixels, labels, count } of loader.epoch(0)) {
    yield { arrays: { pixels, labels }, count };
  }
}

/** The first rows of a batch. */
function rowsOf(
  { pixels, labels, transforms }: BatchArrays,
  count: number,
  bytesPerImage: number,
): StepBatch["arrays"] {
  return {
    pixels: pixels.subarray(0, count * bytesPerImage),
    labels: labels.subarray(0, count),
    transforms: transforms.subarray(0, 3 * count),
  };
}
