import { z } from "../../schema/entry.ts";
import { gamma, perUnit, unit } from "./schedule.ts";
import { withWarmup } from "./warmup.ts";

/** Times `gamma` every unit; `ExponentialLR`. */
export const exponential = withWarmup({
  about: "Decay by gamma every unit, as ExponentialLR",
  schema: z.object({ gamma, unit: unit("epoch") }),
  build: ({ gamma, unit }, context) =>
    perUnit(unit, context, (t) => context.learningRate * gamma ** t),
});
