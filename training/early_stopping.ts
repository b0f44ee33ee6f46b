/** Ends a training when validations stop improving. */
import type { Memory, Metrics } from "../checkpoints/run_state.ts";
import { within } from "../errors.ts";
import { formatNumberOf } from "../reporting/format.ts";
import { z } from "../schema/entry.ts";
import { isBeyond, metricSchema, modeSchema, type Monitor, monitorOf } from "./metrics/monitor.ts";
import type { Objective } from "./objectives/objective.ts";

/** When a training ends before its last epoch; Keras's `EarlyStopping`. */
export const earlyStoppingSchema = z.strictObject({
  patience: z.int().min(1).default(10).describe("Validations in a row without a better value"),
  minDelta: z.number().nonnegative().default(0).describe(
    "How much better a value must be to count as better",
  ),
  metric: metricSchema.optional().describe("Which metric of the validation; by default monitor's"),
  mode: modeSchema,
}).describe("End the training after this many validations without a better one").meta({
  resume: "extends",
});

/** Early stopping for one objective. */
export interface EarlyStopping {
  /** Validations in a row without a better value after which the training ends. */
  readonly patience: number;
  /** How much better a value must be. */
  readonly minDelta: number;
  readonly monitor: Monitor;
}

/** The early stopping of a recipe. Throws InputError for a metric that the objective lacks. */
export function earlyStoppingOf(
  objective: Objective,
  monitor: Monitor,
  options: z.output<typeof earlyStoppingSchema> | undefined,
): EarlyStopping | undefined {
  if (!options) return undefined;
  const { metric = monitor.metric, mode, ...own } = options;
  return { ...own, monitor: within(["metric"], () => monitorOf(objective, metric, mode)) };
}

/**
 * State after a validation: the `best` value, if there was any, and the number of `bad` validations
 * since.
 */
export function rememberValidation(
  { minDelta, monitor: { metric, mode } }: EarlyStopping,
  validation: Metrics,
  { best, bad = 0 }: Memory = {},
): Memory {
  const now = validation[metric];
  const margin = mode === "max" ? minDelta : -minDelta;
  const bound = best === undefined ? (mode === "max" ? -Infinity : Infinity) : best + margin;
  if (isBeyond(now, bound, mode)) return { best: now, bad: 0 };
  return { ...(best === undefined ? {} : { best }), bad: bad + 1 };
}

/** Whether enough validations were not better. */
export function hasStoppedEarly(
  { patience }: Pick<EarlyStopping, "patience">,
  { bad = 0 }: Memory = {},
): boolean {
  return bad >= patience;
}

/** Why a training stopped early, in words. */
export function describePatience({ patience, monitor: { metric } }: EarlyStopping): string {
  const validations = formatNumberOf(patience, "validation");
  return `${validations} in a row without a better ${metric} (training.earlyStopping)`;
}
