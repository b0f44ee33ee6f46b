/**
 * Learning-rate schedules: pure functions from the number of optimizer steps taken to the rate of
 * the next one, in PyTorch's arithmetic. One function a schedule, closed form, float64.
 */
import { InputError } from "../errors.ts";
import {
  type OneCycleSchedule,
  SCHEDULE_DEFAULTS,
  type ScheduleOptions,
  type ScheduleUnit,
  WARMUP_DEFAULTS,
  type WarmupOptions,
  withDefaults,
} from "./options.ts";

/** What a schedule sets for one step. */
export interface Rates {
  readonly learningRate: number;
  /** Only where the schedule cycles it; the optimizer's own otherwise. */
  readonly momentum?: number;
}

/** The rates of step 0, 1, …. */
export type Schedule = (step: number) => Rates;

/** What a schedule must know of the training. */
export interface ScheduleContext {
  /** The optimizer's learning rate. */
  readonly learningRate: number;
  /** Optimizer steps in an epoch. */
  readonly stepsPerEpoch: number;
  /** Optimizer steps in the whole training, warm-up included. */
  readonly totalSteps: number;
}

/**
 * The schedule of a training. Steps after the last keep to the formula; `one_cycle`, which has no
 * further rates, repeats its last.
 * Throws InputError for a warm-up that names both or neither of `epochs` and `steps`, and for
 * options that give no rate.
 */
export function learningRateSchedule(options: ScheduleOptions, context: ScheduleContext): Schedule {
  const schedule = scheduleWithWarmup(options, context);
  const { learningRate } = schedule(0);
  if (Number.isFinite(learningRate)) return schedule;
  throw new InputError(
    `the schedule ${JSON.stringify(options)} gives the learning rate ${learningRate}`,
  );
}

function scheduleWithWarmup(options: ScheduleOptions, context: ScheduleContext): Schedule {
  const { warmup } = options;
  if (!warmup) return scheduleAfterWarmup(options, context);
  const warmupSteps = stepsOf(warmup, context.stepsPerEpoch);
  const schedule = scheduleAfterWarmup(options, {
    ...context,
    totalSteps: Math.max(1, context.totalSteps - warmupSteps),
  });
  const first = schedule(0);
  return (step) =>
    step < warmupSteps
      ? { ...first, learningRate: first.learningRate * warmupFactor(warmup, step, warmupSteps) }
      : schedule(step - warmupSteps);
}

function stepsOf({ epochs, steps }: WarmupOptions, stepsPerEpoch: number): number {
  if ((epochs === undefined) === (steps === undefined)) {
    throw new InputError(
      `schedule.warmup: found ${epochs === undefined ? "neither" : "both"} of epochs and steps; ` +
        "expected exactly one of them",
    );
  }
  return steps ?? Math.round((epochs ?? 0) * stepsPerEpoch);
}

/**
 * `LinearLR`'s factor, which is `startFactor` at step 0 and 1 at step `length`. From 0 the climb is
 * counted one step ahead, `(step + 1) / length`, since a step with rate 0 would be lost.
 */
function warmupFactor(
  { startFactor = WARMUP_DEFAULTS.startFactor }: WarmupOptions,
  step: number,
  length: number,
): number {
  return startFactor === 0
    ? (step + 1) / length
    : startFactor + (1 - startFactor) * (step / length);
}

function scheduleAfterWarmup(options: ScheduleOptions, context: ScheduleContext): Schedule {
  const { learningRate: base, stepsPerEpoch, totalSteps } = context;
  /** Counts whole units and gives the rate of each. */
  const counted = (unit: ScheduleUnit, rate: (t: number) => number): Schedule => {
    const length = unit === "epoch" ? stepsPerEpoch : 1;
    return (step) => ({ learningRate: rate(Math.floor(step / length)) });
  };
  const unitsLeft = (unit: ScheduleUnit) =>
    unit === "epoch" ? totalSteps / stepsPerEpoch : totalSteps;
  switch (options.name) {
    case "constant":
      return () => ({ learningRate: base });
    case "step": {
      const { stepSize, gamma, unit } = withDefaults(SCHEDULE_DEFAULTS.step, options);
      return counted(unit, (t) => base * gamma ** Math.floor(t / stepSize));
    }
    case "multistep": {
      const { milestones, gamma, unit } = withDefaults(SCHEDULE_DEFAULTS.multistep, options);
      return counted(unit, (t) => base * gamma ** milestones.filter((at) => at <= t).length);
    }
    case "exponential": {
      const { gamma, unit } = withDefaults(SCHEDULE_DEFAULTS.exponential, options);
      return counted(unit, (t) => base * gamma ** t);
    }
    case "polynomial": {
      const { power, unit, duration } = withDefaults(SCHEDULE_DEFAULTS.polynomial, options);
      const length = duration ?? unitsLeft(unit);
      return counted(unit, (t) => base * (1 - Math.min(t, length) / length) ** power);
    }
    case "cosine": {
      const { minLearningRate, unit, duration } = withDefaults(SCHEDULE_DEFAULTS.cosine, options);
      const length = duration ?? unitsLeft(unit);
      return counted(unit, (t) => cosine(base, minLearningRate, t / length));
    }
    case "cosine_restarts": {
      const { period, multiplier, minLearningRate, unit } = withDefaults(
        SCHEDULE_DEFAULTS.cosine_restarts,
        options,
      );
      return counted(
        unit,
        (t) => cosine(base, minLearningRate, restartingPhase(t, period, multiplier)),
      );
    }
    case "one_cycle":
      return oneCycle(options, base, totalSteps);
  }
}

/** Half a cosine from `start` (phase 0) to `end` (phase 1). */
function cosine(start: number, end: number, phase: number): number {
  return end + (start - end) * (1 + Math.cos(Math.PI * phase)) / 2;
}

/** How much of the present period has passed at time `t`, where each is `multiplier` times longer. */
function restartingPhase(t: number, period: number, multiplier: number): number {
  if (multiplier === 1) return (t % period) / period;
  let passed = t;
  let length = period;
  while (passed >= length) {
    passed -= length;
    length *= multiplier;
  }
  return passed / length;
}

/** A stretch of the one-cycle policy, up to and including step `end`. */
interface Phase {
  readonly end: number;
  readonly rate: readonly [from: number, to: number];
  readonly momentum: readonly [from: number, to: number];
}

function oneCycle(options: OneCycleSchedule, base: number, totalSteps: number): Schedule {
  const {
    maxLearningRate: highest = base,
    pctStart,
    annealStrategy,
    divFactor,
    finalDivFactor,
    threePhase,
    cycleMomentum,
    baseMomentum,
    maxMomentum,
  } = withDefaults(SCHEDULE_DEFAULTS.one_cycle, options);
  const initial = highest / divFactor;
  const lowest = initial / finalDivFactor;
  const rise: Phase = {
    end: pctStart * totalSteps - 1,
    rate: [initial, highest],
    momentum: [maxMomentum, baseMomentum],
  };
  const last = totalSteps - 1;
  const fall: readonly Phase[] = threePhase
    ? [
      {
        end: 2 * pctStart * totalSteps - 2,
        rate: [highest, initial],
        momentum: [baseMomentum, maxMomentum],
      },
      { end: last, rate: [initial, lowest], momentum: [maxMomentum, maxMomentum] },
    ]
    : [{ end: last, rate: [highest, lowest], momentum: [baseMomentum, maxMomentum] }];
  const phases = [rise, ...fall];
  const between = annealStrategy === "cos"
    ? cosine
    : (start: number, end: number, phase: number) => start + (end - start) * phase;
  return (step) => {
    const at = Math.min(step, last);
    const found = phases.findIndex(({ end }) => at <= end);
    const index = found < 0 ? phases.length - 1 : found;
    const begin = index === 0 ? 0 : phases[index - 1].end;
    const { end, rate, momentum } = phases[index];
    const passed = end > begin ? (at - begin) / (end - begin) : 1;
    const learningRate = between(rate[0], rate[1], passed);
    return cycleMomentum
      ? { learningRate, momentum: between(momentum[0], momentum[1], passed) }
      : { learningRate };
  };
}
