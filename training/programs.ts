/** The programs that a training compiles together, and their names. */
import type { Program } from "../graph/types.ts";
import { accumulatedUpdateProgram, accumulationProgram } from "./accumulation.ts";
import { type EpochRange, type Phase, phasesOf } from "./phases.ts";
import type { ParsedRunOptions } from "./run_options.ts";
import { type Sharding, summingPrograms } from "./sharding.ts";
import {
  contributionProgram,
  evaluationProgram,
  PROGRAM,
  stepProgram,
  type TrainingProgramOptions,
  updateProgram,
} from "./step_program.ts";

/** Options of {@link trainingPrograms}. */
export interface TrainingProgramsOptions extends TrainingProgramOptions, Sharding {
  /** Images in the last batch of an epoch, if it is smaller. */
  readonly lastBatchSize?: number;
  /** Batches per optimizer step. Default 1. */
  readonly accumulate?: number;
  /** Images in a step of validation; default: no validation. */
  readonly evaluationBatchSize?: number;
  /** Images in the last step of validation, if it is smaller. */
  readonly lastEvaluationBatchSize?: number;
  /** The epochs that are trained; needed where parameters are frozen at first. */
  readonly epochs?: EpochRange & {
    /** Optimizer steps in an epoch. */
    readonly stepsPerEpoch: number;
  };
}

/** The programs of training steps for every phase and size, then those for validation. */
export function trainingPrograms(options: TrainingProgramsOptions): Program[] {
  const { recipe: { objective }, batchSize, lastBatchSize, evaluationBatchSize } = options;
  const sizes = [batchSize, ...(lastBatchSize === undefined ? [] : [lastBatchSize])];
  const steps = phasesOf(options.recipe, options.epochs)
    .flatMap((phase) => phasePrograms(phase, sizes, options));
  if (isSharded(options)) {
    const { shards = 1, ranks } = options;
    steps.push(...summingPrograms(options.recipe, shards / (ranks?.size ?? 1)));
  }
  if (evaluationBatchSize === undefined) return steps;
  const { lastEvaluationBatchSize: last } = options;
  const evaluations = [evaluationBatchSize, ...(objective.ignoresFilling || !last ? [] : [last])];
  return [
    ...steps,
    ...evaluations.map((size) => {
      const name = evaluationName(size, evaluationBatchSize);
      return { ...evaluationProgram({ ...options, batchSize: size }), name };
    }),
  ];
}

function phasePrograms(
  phase: Phase,
  sizes: readonly number[],
  options: TrainingProgramsOptions,
): Program[] {
  const { recipe } = phase;
  const [trace, traceUpdate] = accumulates(options)
    ? [accumulationProgram, accumulatedUpdateProgram]
    : isSharded(options)
    ? [contributionProgram, updateProgram]
    : [stepProgram, undefined];
  const programs = sizes.map((size) =>
    trace({ ...options, recipe, batchSize: size }, batchName(phase, size, options))
  );
  if (!traceUpdate) return programs;
  return [...programs, traceUpdate({ ...options, recipe }, programs[0], updateName(phase))];
}

/** Whether an optimizer step takes several consecutive batches. */
export function accumulates({ accumulate = 1 }: Pick<TrainingProgramsOptions, "accumulate">) {
  return accumulate > 1;
}

/**
 * Whether an optimizer step takes a batch that is divided into shards; the shards then count as
 * batches.
 */
export function isSharded({ shards = 1 }: Pick<TrainingProgramsOptions, "shards">) {
  return shards > 1;
}

/** Number of batches per optimizer step, on all ranks together. */
export function partsOf(
  { accumulate = 1, shards = 1 }: Pick<TrainingProgramsOptions, "accumulate" | "shards">,
): number {
  return accumulate * shards;
}

/** Name of the program that evaluates a batch of this size; most have `batchSize` images. */
export function evaluationName(size: number, batchSize: number): string {
  return size === batchSize ? PROGRAM.evaluate : `${PROGRAM.evaluate}.${size}`;
}

/** Name of the program that trains on a batch of this size. */
export function batchName(
  { suffix }: Phase,
  size: number,
  options: Pick<TrainingProgramsOptions, "accumulate" | "shards" | "batchSize">,
): string {
  const kind = accumulates(options)
    ? PROGRAM.accumulate
    : isSharded(options)
    ? PROGRAM.contribution
    : PROGRAM.step;
  const name = kind + suffix;
  return size === options.batchSize ? name : `${name}.${size}`;
}

/** Name of the program that ends an optimizer step of several batches. */
export function updateName({ suffix }: Phase): string {
  return PROGRAM.update + suffix;
}

/** Images of each split. */
export interface SplitCounts {
  readonly train: number;
  readonly validation?: number;
}

/**
 * The sizes that programs are compiled for: no batch is larger than its split, and the last may be
 * smaller.
 */
export function batchSizesOf(
  { batchSize: wanted, evaluationBatchSize: most, dropLast }: Pick<
    ParsedRunOptions,
    "batchSize" | "evaluationBatchSize" | "dropLast"
  >,
  { train, validation }: SplitCounts,
): Pick<
  TrainingProgramsOptions,
  "batchSize" | "lastBatchSize" | "evaluationBatchSize" | "lastEvaluationBatchSize"
> {
  const batchSize = dropLast ? wanted : Math.min(wanted, train);
  const lastBatchSize = dropLast ? undefined : train % batchSize || undefined;
  if (validation === undefined) return { batchSize, lastBatchSize };
  const evaluationBatchSize = Math.min(most, validation);
  const lastEvaluationBatchSize = validation % evaluationBatchSize || undefined;
  return { batchSize, lastBatchSize, evaluationBatchSize, lastEvaluationBatchSize };
}
