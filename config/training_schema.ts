/** The schema of `training`. */

import { z } from "../schema/entry.ts";
import { clipSchema, emaSchema, optimizerSchema, scheduleSchema } from "./recipe_schema.ts";

const count = z.int().min(1);

/** `training`: the recipe and how long it is followed. */
export const trainingSchema = z.strictObject({
  epochs: count.default(10).describe("Passes over the training images").meta({ resume: "extends" }),
  optimizer: optimizerSchema.prefault({ name: "sgd", learningRate: 0.1, momentum: 0.9 }).describe(
    "How parameters are updated",
  ),
  schedule: scheduleSchema.prefault({ name: "constant" }).describe(
    "How the learning rate changes",
  ),
  labelSmoothing: z.number().min(0).lt(1).default(0).describe(
    "Share of the target spread over all classes",
  ),
  clip: clipSchema.optional().describe("Gradient clipping, by norm or by value"),
  freeze: z.array(z.string().min(1)).optional().describe(
    "Parameters that are not trained: names or their beginnings, as in [conv1, layer1, '*.bias']",
  ),
  learningRates: z.array(z.strictObject({
    names: z.string().min(1).describe("As in freeze"),
    factor: z.number().positive().describe("Multiplies the learning rate"),
  })).optional().describe("Other learning rates for some parameters; the first that fits counts"),
  ema: emaSchema.optional().describe(
    "Exponential moving average of the weights, which is then what is validated and folded",
  ),
  validateEvery: count.default(1).describe("Epochs between validations").meta({
    resume: "extends",
  }),
  logEvery: count.default(50).describe("Steps between entries of the metrics log").meta({
    resume: "extends",
  }),
});
