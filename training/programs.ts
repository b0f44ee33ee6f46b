/** The programs that a training compiles together, and their names. */
import type { Program } from "../graph/types.ts";
import { accumulatedUpdateProgram, accumulationProgram } from "./accumulation.ts";
import { type EpochRange, type Phase, phasesOf } from "./phases.ts";
import {
  evaluationProgram,
  PROGRAM,
  stepProgram,
  type TrainingProgramOptions,
} from "./step_program.ts";

/** Options of {@link trainingPrograms}. */
export interface TrainingProgramsOptions extends TrainingProgramOptions {
  /** Images in the last batch of an epoch, if it is a smaller one. */
  readonly lastBatchSize?: number;
  /** Batches that make an optimizer step. Default 1. */
  readonly accumulate?: number;
  /** Images in a step of validation; default: nothing is validated. */
  readonly evaluationBatchSize?: number;
  /** Images in the last step of validation, if it is a smaller one. */
  readonly lastEvaluationBatchSize?: number;
  /** The epochs that are trained; needed where parameters are frozen at first. */
  readonly epochs?: EpochRange & {
    /** Optimizer steps in an epoch. */
    readonly stepsPerEpoch: number;
  };
}

/** The training steps' programs of every phase and size, then those that validate. */
export function trainingPrograms(options: TrainingProgramsOptions): Program[] {
  const { recipe: { objective }, batchSize, lastBatchSize, evaluationBatchSize } = options;
  const sizes = [batchSize, ...(lastBatchSize === undefined ? [] : [lastBatchSize])];
  const steps = phasesOf(options.recipe, options.epochs)
    .flatMap((phase) => phasePrograms(phase, sizes, options));
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
  const isWhole = !accumulates(options);
  const trace = isWhole ? stepProgram : accumulationProgram;
  const programs = sizes.map((size) =>
    trace({ ...options, recipe, batchSize: size }, batchName(phase, size, options))
  );
  if (isWhole) return programs;
  const update = accumulatedUpdateProgram({ ...options, recipe }, programs[0], updateName(phase));
  return [...programs, update];
}

/** Whether an optimizer step takes several batches. */
export function accumulates({ accumulate = 1 }: Pick<TrainingProgramsOptions, "accumulate">) {
  return accumulate > 1;
}

/** What evaluates a batch of this size, where most have `batchSize` images. */
export function evaluationName(size: number, batchSize: number): string {
  return size === batchSize ? PROGRAM.evaluate : `${PROGRAM.evaluate}.${size}`;
}

/** What trains on a batch of this size. */
export function batchName(
  { suffix }: Phase,
  size: number,
  options: Pick<TrainingProgramsOptions, "accumulate" | "batchSize">,
): string {
  const name = (accumulates(options) ? PROGRAM.accumulate : PROGRAM.step) + suffix;
  return size === options.batchSize ? name : `${name}.${size}`;
}

/** What ends an optimizer step of several batches. */
export function updateName({ suffix }: Phase): string {
  return PROGRAM.update + suffix;
}
