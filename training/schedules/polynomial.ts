import { z } from "../../schema/entry.ts";
import { duration, durationWarnings, perUnit, unit, unitsIn } from "./schedule.ts";
import { withWarmup } from "./warmup.ts";

/** `(1 - t/duration)^power` of the rate, then 0; `PolynomialLR`. */
export const polynomial = withWarmup({
  about: "Polynomial decay to 0, as PolynomialLR",
  schema: z.object({
    power: z.number().positive().default(1).describe("1 is a straight line"),
    duration,
    unit: unit("step"),
  }),
  build({ power, unit, duration }, context) {
    const length = duration ?? unitsIn(unit, context);
    return perUnit(
      unit,
      context,
      (t) => context.learningRate * (1 - Math.min(t, length) / length) ** power,
    );
  },
  warnings: (options, context) => durationWarnings(options, context, "after which the rate is 0"),
});
