import { z } from "../../schema/entry.ts";
import { gamma, perUnit, unit, unreachedWarnings } from "./schedule.ts";
import { withWarmup } from "./warmup.ts";

/** Times `gamma` every `stepSize` units; `StepLR`. */
export const step = withWarmup({
  about: "Decay by gamma every stepSize units, as StepLR",
  schema: z.object({
    stepSize: z.int().min(1).describe("Units between decays"),
    gamma: gamma.default(0.1),
    unit: unit("epoch"),
  }),
  build: ({ stepSize, gamma, unit }, context) =>
    perUnit(unit, context, (t) => context.learningRate * gamma ** Math.floor(t / stepSize)),
  warnings: ({ stepSize, unit }, context) => unreachedWarnings("stepSize", stepSize, unit, context),
});
