import { type Choice, chosen } from "../../schema/entry.ts";
import { constant } from "./constant.ts";
import { cosine } from "./cosine.ts";
import { cosineRestarts } from "./cosine_restarts.ts";
import { exponential } from "./exponential.ts";
import { multistep } from "./multistep.ts";
import { oneCycle } from "./one_cycle.ts";
import { polynomial } from "./polynomial.ts";
import { reduceOnPlateau } from "./reduce_on_plateau.ts";
import type { Schedule, ScheduleContext, ScheduleEntry } from "./schedule.ts";
import { step } from "./step.ts";

/** The schedules by the names that configs use. */
export const SCHEDULES = {
  constant,
  step,
  multistep,
  exponential,
  polynomial,
  cosine,
  cosine_restarts: cosineRestarts,
  one_cycle: oneCycle,
  reduce_on_plateau: reduceOnPlateau,
} satisfies Record<string, ScheduleEntry>;

/** How the learning rate changes: `{ name, …options }`, or a name alone. */
export type ScheduleOptions = Choice<typeof SCHEDULES>;

/**
 * The schedule of a training. Steps after the last follow the formula. Throws InputError, `at` the
 * option, for an invalid one.
 */
export function createSchedule(options: ScheduleOptions, context: ScheduleContext): Schedule {
  const { entry, options: own } = chosen<ScheduleEntry>(SCHEDULES, options, "schedule");
  return entry.build(own, context);
}

/**
 * Warnings about options of a schedule that fit a training badly, as sentences. Throws as
 * {@link createSchedule}.
 */
export function scheduleWarnings(options: ScheduleOptions, context: ScheduleContext): string[] {
  createSchedule(options, context);
  const { name, entry, options: own } = chosen<ScheduleEntry>(SCHEDULES, options, "schedule");
  return (entry.warnings?.(own, context) ?? []).map((text) => `the schedule ${name}: ${text}`);
}
