/** Where a training stands: everything besides tensors that resuming needs, as plain JSON. */

import { isRecord } from "./damage.ts";

/** What an epoch adds up to over the images seen so far. */
export interface MetricSums {
  /** Sum over images of their loss. */
  readonly loss: number;
  /** Images classified rightly. */
  readonly correct: number;
  /** Images. */
  readonly count: number;
}

/** Result of a validation. */
export interface ValidationResult {
  /** Mean cross-entropy over the images. */
  readonly loss: number;
  /** Share of images classified rightly, 0 to 1. */
  readonly accuracy: number;
  /** Images. */
  readonly count: number;
}

/**
 * The position of a training. Together with the tensors it determines all that follows: data order,
 * augmentation and dropout are drawn from the seed, the epoch and the step.
 */
export interface RunState {
  /** Optimizer steps taken since the start. */
  readonly step: number;
  /** Epochs finished, their validation included. */
  readonly epoch: number;
  /** Steps taken in the epoch under way. */
  readonly batch: number;
  /** Over those steps. */
  readonly sums: MetricSums;
  /** The latest validation; absent before the first. */
  readonly validation?: ValidationResult;
  /** The best validation and the number (from 1) of its epoch. */
  readonly best?: ValidationResult & { readonly epoch: number };
}

/** Whether parsed JSON is a number of things. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** Whether parsed JSON is a position. */
export function isRunState(value: unknown): value is RunState {
  if (!isRecord(value) || !isRecord(value.sums)) return false;
  const { step, epoch, batch, sums, validation, best } = value;
  return [step, epoch, batch, sums.correct, sums.count].every(isCount) &&
    typeof sums.loss === "number" &&
    (validation === undefined || isResult(validation)) &&
    (best === undefined || isResult(best) && isRecord(best) && isCount(best.epoch));
}

function isResult(value: unknown): boolean {
  return isRecord(value) && isCount(value.count) &&
    // JSON has no NaN; a mean over nothing is stored as null.
    [value.loss, value.accuracy].every((mean) => mean === null || typeof mean === "number");
}

/** Sums over no image. */
export const NO_SUMS: MetricSums = { loss: 0, correct: 0, count: 0 };

/** The position of a training that has not begun. */
export const START: RunState = { step: 0, epoch: 0, batch: 0, sums: NO_SUMS };

/** Means of sums; NaN over no image. */
export function meanOf({ loss, correct, count }: MetricSums): ValidationResult {
  return { loss: loss / count, accuracy: correct / count, count };
}
