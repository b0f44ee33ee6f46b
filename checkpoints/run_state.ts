/** The position of a training: everything besides tensors that resuming needs, as plain JSON. */

import { InputError } from "../errors.ts";
import { isRecord } from "../schema/record.ts";

/**
 * Totals over images, by name; a list has one number per class. Always contains `loss` and `count`,
 * the number of images.
 */
export type Sums = Readonly<Record<string, number | readonly number[]>>;

/**
 * Metrics computed from sums: `loss`, `accuracy`, …, in display order; always contains `loss` and
 * `count`.
 */
export type Metrics = Readonly<Record<string, number>>;

/** Finite numbers by name, kept from one validation to the next. */
export type Memory = Readonly<Record<string, number>>;

/**
 * The position of a training. Together with the tensors it determines all that follows: data order,
 * augmentation and dropout are drawn from the seed, the epoch and the step.
 */
export interface RunState {
  /** Optimizer steps taken since the start. */
  readonly step: number;
  /** Epochs finished, including their validation. */
  readonly epoch: number;
  /** Steps taken in the current epoch. */
  readonly batch: number;
  /** Sums over those steps. */
  readonly sums: Sums;
  /** The latest validation; absent before the first. */
  readonly validation?: Metrics;
  /** The best validation and its epoch, counted from 1. */
  readonly best?: Metrics & { readonly epoch: number };
  /** State of a schedule that follows the validations; absent before the first. */
  readonly schedule?: Memory;
  /** State of early stopping; absent before the first validation. */
  readonly earlyStopping?: Memory;
}

/** Whether parsed JSON is a count. */
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
 * Throws InputError for a position that no training with `stepsPerEpoch` reaches; `label` names the
 * checkpoint.
 */
export function requirePosition(
  { step, epoch, batch }: RunState,
  stepsPerEpoch: number,
  label: string,
): void {
  if (batch <= stepsPerEpoch && step === epoch * stepsPerEpoch + batch) return;
  throw new InputError(
    `${label}: found step ${step} after ${batch} steps of epoch ${epoch + 1}, impossible with ` +
      `${stepsPerEpoch} steps per epoch; the checkpoint is damaged, use another one`,
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

/** Sums over zero images. */
export const NO_SUMS: Sums = { loss: 0, count: 0 };

/** The position of a training that has not started. */
export const START: RunState = { step: 0, epoch: 0, batch: 0, sums: NO_SUMS };
