/** The schema of `training`: a recipe and the length of the training. */

import { z } from "../schema/entry.ts";
import { loggersSchema } from "../training/loggers/registry.ts";
import { RECIPE } from "../training/recipe.ts";
import { RUN } from "../training/run_options.ts";

const { optimizer, objective, monitor, earlyStopping, clip, freeze, learningRates, ema } =
  RECIPE.schema.shape;
const { epochs, maxTime, accumulate, schedule, validateEvery, logEvery, logNorms } =
  RUN.schema.shape;

/** `training`. */
export const trainingSchema = z.strictObject({
  epochs: epochs.default(10),
  maxTime,
  accumulate,
  optimizer: optimizer.prefault({ name: "sgd", learningRate: 0.1, momentum: 0.9 }),
  schedule,
  objective,
  monitor,
  earlyStopping,
  clip,
  freeze,
  learningRates,
  ema,
  validateEvery,
  logEvery,
  logNorms,
  loggers: loggersSchema.meta({ resume: "free" }),
});
