/** The batches of a training, and the optimizer steps that they make. */
import type { ImageSource } from "../datasets/image_source.ts";
import { type BatchLoader, countBatches } from "../datasets/loader.ts";
import { type StepBatch, withoutFilling } from "./evaluation.ts";
import type { ParsedRunOptions } from "./run_options.ts";

/** A batch to train on. */
export interface TrainingBatch extends StepBatch {
  /** Whether an optimizer step is taken after it; those before it are its parts. */
  readonly endsStep: boolean;
}

/** Where batches come from. */
export interface TrainingData {
  /** Optimizer steps in an epoch. */
  readonly stepsPerEpoch: number;
  /** The batches of an epoch (from 0), from those of step `first` on; always the same ones. */
  batches(epoch: number, first: number): AsyncIterable<TrainingBatch>;
  /** The images to validate on, the same at every call. Default: nothing is validated. */
  validationBatches?(): AsyncIterable<StepBatch>;
}

/**
 * Optimizer steps in an epoch. Throws InputError, `at` the batch size, where there is none, as the only
 * one would not be full and is dropped.
 */
export function countSteps(
  train: Pick<ImageSource, "count">,
  { accumulate: groupSize, ...run }: Pick<
    ParsedRunOptions,
    "batchSize" | "dropLast" | "accumulate"
  >,
): number {
  return Math.ceil(countBatches(train, { ...run, groupSize }) / groupSize);
}

/** The batches of loaders. */
export function trainingData(
  loader: BatchLoader,
  validation: BatchLoader | undefined,
  { batchSize, accumulate }: Pick<ParsedRunOptions, "batchSize" | "accumulate">,
): TrainingData {
  const { batchCount } = loader;
  return {
    stepsPerEpoch: Math.ceil(batchCount / accumulate),
    async *batches(epoch, first) {
      for await (const batch of loader.epoch(epoch, first * accumulate)) {
        const next = batch.index + 1;
        const endsStep = next % accumulate === 0 || next === batchCount;
        // Filling would count in batch normalisation, so a training batch has none.
        yield { ...withoutFilling(batch, batchSize), endsStep };
      }
    },
    ...(validation ? { validationBatches: () => validation.epoch(0) } : {}),
  };
}
