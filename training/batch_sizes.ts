/** Sizes of the batches of a training. */
import type { TrainingProgramsOptions } from "./programs.ts";
import type { ParsedRunOptions } from "./run_options.ts";

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
  const last = train % batchSize;
  const sizes = { batchSize, ...(dropLast || last === 0 ? {} : { lastBatchSize: last }) };
  if (validation === undefined) return sizes;
  const evaluationBatchSize = Math.min(most, validation);
  const lastEvaluationBatchSize = validation % evaluationBatchSize;
  return {
    ...sizes,
    evaluationBatchSize,
    ...(lastEvaluationBatchSize === 0 ? {} : { lastEvaluationBatchSize }),
  };
}
