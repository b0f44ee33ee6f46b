import type { Memory, Metrics } from "../../checkpoints/run_state.ts";
import { within } from "../../errors.ts";
import { z } from "../../schema/entry.ts";
import { isBeyond, metricSchema, modeSchema, type Monitor, monitorOf } from "../metrics/monitor.ts";
import { minLearningRate } from "./schedule.ts";
import { withWarmup } from "./warmup.ts";

const schema = z.object({
  factor: z.number().positive().lt(1).default(0.1).describe("Factor of each reduction"),
  patience: z.int().min(0).default(10).describe(
    "Validations in a row without a better value that are let pass",
  ),
  metric: metricSchema.default("loss").describe("Which metric of the validation is followed"),
  mode: modeSchema,
  threshold: z.number().nonnegative().default(1e-4).describe(
    "How much better a value must be to count as better",
  ),
  thresholdMode: z.enum(["rel", "abs"]).default("rel").describe(
    "Whether the threshold is a share of the best value or a difference from it",
  ),
  cooldown: z.int().min(0).default(0).describe(
    "Validations after a reduction that do not count as bad",
  ),
  minLearningRate,
  eps: z.number().nonnegative().default(1e-8).describe(
    "A reduction by no more than this is not carried out",
  ),
});

type Options = z.output<typeof schema>;

/** Lowers the rate when validations stop improving; `ReduceLROnPlateau`. */
export const reduceOnPlateau = withWarmup({
  about: "Times factor when validations get no better, as ReduceLROnPlateau",
  schema,
  build(options, { learningRate, objective }) {
    const { metric, mode } = options;
    const monitor = within(["metric"], () => monitorOf(objective, metric, mode));
    return Object.assign(
      (_step: number, memory: Memory = {}) => ({
        learningRate: memory.learningRate ?? learningRate,
      }),
      {
        follow: (validation: Metrics, _step: number, memory?: Memory) =>
          follow(options, monitor, validation, { learningRate, ...memory }),
      },
    );
  },
});

/**
 * `ReduceLROnPlateau.step`. State: the rate, the `best` value, if there was any, the number of
 * `bad` validations since and the rest of the `cooldown`.
 */
function follow(
  { factor, patience, threshold, thresholdMode, cooldown, minLearningRate, eps }: Options,
  { metric, mode }: Monitor,
  validation: Metrics,
  before: Memory,
): Memory {
  const now = validation[metric];
  let { learningRate, best, bad = 0, cooldown: left = 0 } = before;
  const sign = mode === "max" ? 1 : -1;
  const bound = best === undefined
    ? sign * -Infinity
    : thresholdMode === "rel"
    ? best * (1 + sign * threshold)
    : best + sign * threshold;
  if (isBeyond(now, bound, mode)) [best, bad] = [now, 0];
  else bad++;
  if (left > 0) [left, bad] = [left - 1, 0];
  if (bad > patience) {
    const reduced = Math.max(learningRate * factor, minLearningRate);
    if (learningRate - reduced > eps) learningRate = reduced;
    [left, bad] = [cooldown, 0];
  }
  return { learningRate, ...(best === undefined ? {} : { best }), bad, cooldown: left };
}
