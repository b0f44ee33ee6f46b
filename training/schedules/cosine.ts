import { z } from "../../schema/entry.ts";
import {
  duration,
  durationWarnings,
  halfCosine,
  minLearningRate,
  perUnit,
  unit,
  unitsIn,
} from "./schedule.ts";
import { withWarmup } from "./warmup.ts";

/** Half a cosine from the rate down to `minLearningRate` at `duration` (`T_max`); `CosineAnnealingLR`. */
export const cosine = withWarmup({
  about: "Half a cosine down to minLearningRate, as CosineAnnealingLR",
  schema: z.object({ minLearningRate, duration, unit: unit("step") }),
  build({ minLearningRate, unit, duration }, context) {
    const length = duration ?? unitsIn(unit, context);
    return perUnit(
      unit,
      context,
      (t) => halfCosine(context.learningRate, minLearningRate, t / length),
    );
  },
  warnings: (options, context) =>
    durationWarnings(options, context, "after which the rate rises again and swings"),
});
