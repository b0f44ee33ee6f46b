/** Where a training stands: everything besides tensors that resuming needs, as plain JSON. */

import { InputError } from "../errors.ts";
import { isRecord } from "../schema/record.ts";

/**
 * Totals over images, by name; a list has one number per class. Always holds `loss` and `count`, the
 * number of images.
 */
export type Sums = Readonly<Record<string, number | readonly number[]>>;

/**
 * What sums come to: `loss`, `accuracy`, …, in the order in which they are shown; always holds
 * `loss` and `count`.
 */
export type Metrics = Readonly<Record<string, number>>;

/** Finite numbers by name: what is remembered of validations from one to the next. */
export type Memory = Readonly<Record<string, number>>;

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
  readonly sums: Sums;
  /** The latest validation; absent before the first. */
  readonly validation?: Metrics;
  /** The best validation and the number (from 1) of its epoch. */
  readonly best?: Metrics & { readonly epoch: number };
  /** What a schedule that follows the validations remembers; absent before the first. */
  readonly schedule?: Memory;
  /** The same of early stopping. */
  readonly earlyStopping?: Memory;
}

/** Whether parsed JSON is a number of things. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** Whether parsed JSON is a position. */
export function isRunState(value: unknown): value is RunState {
  if (!isRecord(value) || !isRecord(value.sums)) return false;
  const { step, epoch, batch, sums, validation, best, schedule, earlyStopping } = value;
  return [step, epoch, batch, sums.count].every(isCount) && typeof sums.loss === "number" &&
    Object.values(sums).every(isNumberOrList) &&
    (validation === undefined || isMetrics(validation)) &&
    (best === undefined || isMetrics(best) && isRecord(best) && isCount(best.epoch)) &&
    [schedule, earlyStopping].every((memory) => memory === undefined || isMemory(memory));
}

/**
 * Throws InputError for a position that no training of `stepsPerEpoch` comes to; `label` says whose it
 * is.
 */
export function requirePosition(
  { step, epoch, batch }: RunState,
  stepsPerEpoch: number,
  label: string,
): void {
  if (batch <= stepsPerEpoch && step === epoch * stepsPerEpoch + batch) return;
  throw new InputError(
    `${label}: it is said to be at step ${step}, after ${batch} steps of epoch ${epoch + 1}; an ` +
      `epoch has ${stepsPerEpoch} steps: it is damaged, use another checkpoint`,
  );
}

function isNumberOrList(value: unknown): boolean {
  return typeof value === "number" ||
    Array.isArray(value) && value.every((item) => typeof item === "number");
}

function isMetrics(value: unknown): boolean {
  return isRecord(value) && isCount(value.count) && "loss" in value &&
    // JSON has no NaN; a mean over nothing is stored as null.
    Object.values(value).every((mean) => mean === null || typeof mean === "number");
}

function isMemory(value: unknown): boolean {
  return isRecord(value) && Object.values(value).every(Number.isFinite);
}

/** Sums over no image. */
export const NO_SUMS: Sums = { loss: 0, count: 0 };

/** The position of a training that has not begun. */
export const START: RunState = { step: 0, epoch: 0, batch: 0, sums: NO_SUMS };
