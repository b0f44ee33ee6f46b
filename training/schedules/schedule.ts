/**
 * What a learning-rate schedule is: a pure function from the number of optimizer steps taken to the
 * rate of the next one, in PyTorch's arithmetic; closed form, float64. A schedule that follows the
 * validations is also a function of its state.
 */
import type { Memory, Metrics } from "../../checkpoints/run_state.ts";
import { type Entry, z } from "../../schema/entry.ts";
import type { Objective } from "../objectives/objective.ts";

/** What a schedule sets for one step. */
export interface Rates {
  readonly learningRate: number;
  /** Only if the schedule cycles it; otherwise the optimizer's own. */
  readonly momentum?: number;
}

/** The rates of step 0, 1, …. */
export interface Schedule {
  /**
   * @param memory the last result of {@link Schedule.follow}; undefined before the first validation
   */
  (step: number, memory?: Memory): Rates;
  /**
   * The state after a validation; absent if validations do not matter.
   *
   * @param step steps taken before it
   */
  follow?(validation: Metrics, step: number, memory?: Memory): Memory | undefined;
}

/** What a schedule must know about the training. */
export interface ScheduleContext {
  /** The optimizer's learning rate. */
  readonly learningRate: number;
  /** Optimizer steps in an epoch. */
  readonly stepsPerEpoch: number;
  /** Optimizer steps in the whole training, warm-up included. */
  readonly totalSteps: number;
  /** The metrics of validations. */
  readonly objective: Pick<Objective, "name" | "metrics">;
}

/** A schedule that a config can name. */
export interface ScheduleEntry<S extends z.ZodObject = z.ZodObject> extends Entry<S> {
  build(options: z.output<S>, context: ScheduleContext): Schedule;
  /** Warnings about options that fit a training badly, one sentence each. Default: none. */
  warnings?(options: z.output<S>, context: ScheduleContext): readonly string[];
}

/** The unit of a schedule: epochs completed, or optimizer steps. */
type ScheduleUnit = "epoch" | "step";

/** `unit` of a schedule with either unit. */
export const unit = (value: ScheduleUnit) =>
  z.enum(["epoch", "step"]).default(value).describe("What the schedule counts");

/** `duration` of a schedule that ends with the training. */
export const duration = z.int().min(1).optional().describe(
  "Units until the end of the decay; by default what is left of the training after warm-up",
);

/** `gamma` of a schedule that decays by a factor. */
export const gamma = z.number().positive().describe("Factor of each decay");

/** `minLearningRate` of a schedule that ends above 0. */
export const minLearningRate = z.number().nonnegative().default(0).describe("The lowest rate");

/** Counts whole units and gives the rate of each. */
export function perUnit(
  unit: ScheduleUnit,
  { stepsPerEpoch }: ScheduleContext,
  rate: (t: number) => number,
): Schedule {
  const length = unit === "epoch" ? stepsPerEpoch : 1;
  return (step) => ({ learningRate: rate(Math.floor(step / length)) });
}

/** Units in the training. */
export function unitsIn(
  unit: ScheduleUnit,
  { stepsPerEpoch, totalSteps }: ScheduleContext,
): number {
  return unit === "epoch" ? totalSteps / stepsPerEpoch : totalSteps;
}

/**
 * A warning about a `duration` that ends before the training.
 *
 * @param then what the rate does after it
 */
export function durationWarnings(
  { duration, unit }: { readonly duration?: number; readonly unit: ScheduleUnit },
  context: ScheduleContext,
  then: string,
): string[] {
  const units = unitsIn(unit, context);
  if (duration === undefined || duration >= units) return [];
  const remedy = unit === "step"
    ? `with unit: epoch the duration counts epochs of ${context.stepsPerEpoch} steps`
    : "without a duration it is the training's";
  return [`its duration is ${duration} of ${units} ${unit}s, ${then}; ${remedy}`];
}

/**
 * A warning about a change of the rate at time `at`, if the training ends before it.
 *
 * @param what the option that names the time
 */
export function unreachedWarnings(
  what: string,
  at: number,
  unit: ScheduleUnit,
  context: ScheduleContext,
): string[] {
  const units = unitsIn(unit, context);
  if (at < units) return [];
  const remedy = unit === "epoch"
    ? `; with unit: step it counts steps; there are ${context.totalSteps}`
    : `; with unit: epoch it counts epochs of ${context.stepsPerEpoch} steps`;
  const length = Number(units.toFixed(2));
  return [`its ${what} ${at} is never reached in ${length} ${unit}s and changes nothing${remedy}`];
}

/** Half a cosine from `start` (position 0) to `end` (position 1). */
export function halfCosine(start: number, end: number, phase: number): number {
  return end + (start - end) * (1 + Math.cos(Math.PI * phase)) / 2;
}
