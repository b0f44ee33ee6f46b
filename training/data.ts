/** The batches of a training, and the optimizer steps they form. */
import type { ImageSource } from "../datasets/image_source.ts";
import { type BatchLoader, countBatches } from "../datasets/loader.ts";
import { ALONE } from "../ranks/ranks.ts";
import { type StepBatch, withoutFilling } from "./evaluation.ts";
import { partsOf } from "./programs.ts";
import type { ParsedRunOptions } from "./run_options.ts";
import type { SessionPlan } from "./session_plan.ts";

/** A batch to train on. Empty where a step has none for this rank. */
interface TrainingBatch extends StepBatch {
  /** Its index among the step's batches, from 0. */
  readonly part: number;
  /** Number of the step's batches, on all ranks together. */
  readonly parts: number;
  /** Whether an optimizer step is taken after it. */
  readonly endsStep: boolean;
}

/** The source of batches. */
export interface TrainingData {
  /** Optimizer steps in an epoch. */
  readonly stepsPerEpoch: number;
  /** The batches of an epoch (from 0), starting with step `first`; the same at every call. */
  batches(epoch: number, first: number): AsyncIterable<TrainingBatch>;
  /** The images to validate on, the same at every call. Default: no validation. */
  validationBatches?(): AsyncIterable<StepBatch>;
  /** Reasons why images could not be read and were replaced by others, so far. Default: none. */
  readonly complaints?: readonly string[];
}

/**
 * Optimizer steps in an epoch. Throws InputError, `at` the batch size, if there is none because the
 * only batch is not full and is dropped.
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

/**
 * The batches from the loaders of this rank.
 *
 * @param plan of the session that trains on them
 */
export function trainingData(
  loader: BatchLoader,
  validation: BatchLoader | undefined,
  { options }: Pick<SessionPlan, "options">,
): TrainingData {
  const { batchCount } = loader;
  const { batchSize, ranks = ALONE } = options;
  const parts = partsOf(options);
  const stepsPerEpoch = Math.ceil(batchCount / parts);
  const own = parts / ranks.size;
  return {
    stepsPerEpoch,
    async *batches(epoch, first) {
      const present = (step: number) => Math.min(parts, batchCount - step * parts);
      for await (const batch of loader.epoch(epoch, first * parts)) {
        const next = batch.index + 1;
        // Padding rows would count in batch normalization, so a training batch has none.
        yield {
          ...withoutFilling(batch, batchSize),
          part: batch.index % parts,
          parts: present(Math.floor(batch.index / parts)),
          endsStep: next % own === 0 || next === batchCount,
        };
      }
      const part = ranks.rank * own, last = present(stepsPerEpoch - 1);
      if (first < stepsPerEpoch && part >= last) {
        yield { arrays: {}, count: 0, part, parts: last, endsStep: true };
      }
    },
    ...(validation ? { validationBatches: () => validation.epoch(0) } : {}),
    get complaints() {
      return [...loader.complaints, ...validation?.complaints ?? []];
    },
  };
}
