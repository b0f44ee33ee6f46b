/** Training a model on labelled images: the library's front door to the loop. */
import type { Backend } from "../backends/backend.ts";
import type { TrainingTensors } from "../checkpoints/checkpoint.ts";
import type { RunState } from "../checkpoints/run_state.ts";
import type { Augmentation } from "../datasets/batch.ts";
import { type ChannelStatistics, imageSize, type Split } from "../datasets/dataset.ts";
import { BatchLoader } from "../datasets/loader.ts";
import type { Module } from "../layers/module.ts";
import { type ImageFormat, inferenceProgram } from "../models/inference.ts";
import { checkOptions } from "./check_options.ts";
import { type ImageBatch, Learner } from "./learner.ts";
import { requireLabels } from "./labels.ts";
import { baseLearningRate } from "./optimizers.ts";
import type { ScheduleOptions } from "./options.ts";
import { learningRateSchedule } from "./schedules.ts";
import type { Recipe } from "./step_program.ts";
import {
  type LoopOptions,
  runTraining,
  type TrainingData,
  type TrainingOutcome,
} from "./trainer.ts";

/** Options of {@link train}. */
export interface TrainOptions extends Recipe, LoopOptions {
  /** Trained in place: holds the last weights afterwards, the averaged ones if `ema` is given. */
  readonly model: Module;
  /** What computes; see `openBackend`. */
  readonly backend: Backend;
  /** Images to train on. */
  readonly train: Split;
  /** Images to validate on. Default: nothing is validated. */
  readonly validation?: Split;
  /** Subtracted from and divided out of pixels scaled to [0, 1], one number a channel. */
  readonly normalization: ChannelStatistics;
  /** Default: none. */
  readonly augmentation?: Augmentation;
  /** Images in a step. Default 128. */
  readonly batchSize?: number;
  /** Images in a step of validation. Default 256. */
  readonly evaluationBatchSize?: number;
  /** Whether the last batch of an epoch is left out if it is not full. Default true. */
  readonly dropLast?: boolean;
  /** Default: constant. */
  readonly schedule?: ScheduleOptions;
  /** Seed of the order of the images, of augmentation and dropout. Default 0. */
  readonly seed?: number;
  /** Where to go on. Default: from the model's present weights. */
  readonly resume?: { readonly state: RunState; readonly tensors: TrainingTensors };
}

/**
 * Trains a model by stochastic gradient descent on the softmax cross-entropy of its logits. The
 * same options give the same bits, whether or not the training was interrupted and resumed, on one
 * backend with one number of threads and one form of kernels (docs/cpu.md).
 * Throws InputError for options that do not fit and labels that are none of the model's classes,
 * RunError when the training diverges.
 */
export async function train(options: TrainOptions): Promise<TrainingOutcome> {
  const { model, backend, resume, normalization, seed = 0, dropLast = true } = options;
  const { augmentation = { padding: 0, flip: false } } = options;
  checkOptions(options);
  const images = { input: options.train.imageShape, normalization };
  const classes = classesOf(model, images);
  for (const split of [options.train, options.validation]) {
    if (split) requireLabels(split, classes);
  }
  const batchSize = dropLast
    ? options.batchSize ?? 128
    : Math.min(options.batchSize ?? 128, options.train.count);
  const evaluationBatchSize = Math.min(
    options.evaluationBatchSize ?? 256,
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
  const learner = await Learner.create(backend, {
    model,
    recipe: options,
    feed: { kind: "pixels", images, padding: augmentation.padding },
    seed,
    batchSize,
    ...(dropLast || rest === 0 ? {} : { lastBatchSize: rest }),
    ...(validation ? { evaluationBatchSize } : {}),
  });
  try {
    if (resume) learner.restore(resume.tensors);
    const steps = loader.batchCount;
    const outcome = await runTraining({
      ...options,
      learner,
      data: trainingData(loader, validation, imageSize(options.train.imageShape)),
      schedule: learningRateSchedule(options.schedule ?? { name: "constant" }, {
        learningRate: baseLearningRate(options.optimizer),
        stepsPerEpoch: steps,
        totalSteps: steps * options.epochs,
      }),
      ...(resume ? { start: resume.state } : {}),
    });
    const { model: weights, ema } = await learner.snapshot();
    model.loadStateDict(ema ?? weights);
    return outcome;
  } finally {
    learner.dispose();
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
      for await (const batch of loader.epoch(epoch, first)) {
        yield withoutFilling(batch, bytesPerImage);
      }
    },
    ...(validation ? { validationBatches: () => validation.epoch(0) } : {}),
  };
}

/** Filling would count in batch normalisation, so a training batch has none. */
function withoutFilling(batch: ImageBatch, bytesPerImage: number): ImageBatch {
  const { pixels, labels, transforms, count } = batch;
  if (count === labels.length) return batch;
  return {
    pixels: pixels.subarray(0, count * bytesPerImage),
    labels: labels.subarray(0, count),
    transforms: transforms.subarray(0, 3 * count),
    count,
  };
}
