import { z } from "../../schema/entry.ts";
import { gamma, perUnit, unit, unreachedWarnings } from "./schedule.ts";
import { withWarmup } from "./warmup.ts";

/** Times `gamma` at each milestone; `MultiStepLR`. */
export const multistep = withWarmup({
  about: "Decay by gamma at each milestone, as MultiStepLR",
  schema: z.object({
    milestones: z.array(z.int().min(1)).min(1).refine(
      (list) => list.every((value, index) => index === 0 || value > list[index - 1]),
      { error: "each milestone must be above the one before" },
    ).describe("Units at which to decay, rising"),
    gamma: gamma.default(0.1),
    unit: unit("epoch"),
  }),
  build: ({ milestones, gamma, unit }, context) =>
    perUnit(
      unit,
      context,
      (t) => context.learningRate * gamma ** milestones.filter((at) => at <= t).length,
    ),
  warnings: ({ milestones, unit }, context) =>
    unreachedWarnings("last milestone", milestones[milestones.length - 1], unit, context),
});
