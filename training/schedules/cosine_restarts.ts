import { z } from "../../schema/entry.ts";
import { halfCosine, minLearningRate, perUnit, unit } from "./schedule.ts";
import { withWarmup } from "./warmup.ts";

/** Cosines that start again (`T_0`, `T_mult`); `CosineAnnealingWarmRestarts`. */
export const cosineRestarts = withWarmup({
  about: "Cosines that start again, as CosineAnnealingWarmRestarts",
  schema: z.object({
    period: z.int().min(1).describe("Units of the first cosine"),
    multiplier: z.int().min(1).default(1).describe(
      "Each cosine is this many times as long as the one before",
    ),
    minLearningRate,
    unit: unit("epoch"),
  }),
  build: ({ period, multiplier, minLearningRate, unit }, context) =>
    perUnit(
      unit,
      context,
      (t) => halfCosine(context.learningRate, minLearningRate, phaseAt(t, period, multiplier)),
    ),
});

/**
 * The share of the present period that has passed at time `t`; each period is `multiplier` times
 * longer than the previous one.
 */
function phaseAt(t: number, period: number, multiplier: number): number {
  if (multiplier === 1) return (t % period) / period;
  let passed = t;
  let length = period;
  while (passed >= length) {
    passed -= length;
    length *= multiplier;
  }
  return passed / length;
}
