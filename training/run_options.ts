/** The length of a training, its batches, and what is saved: options as plain data. */
import { choiceOf, type OptionsOf, type ParsedOptionsOf, z } from "../schema/entry.ts";
import { samplingSchema } from "../datasets/loader.ts";
import { logNormsSchema } from "./norms.ts";
import { shardsSchema } from "./shard_count.ts";
import { SCHEDULES } from "./schedules/registry.ts";
import { timeBudgetSchema } from "./time_budget.ts";

const count = z.int().min(1);

const schema = z.object({
  epochs: count.describe("Passes over the training images").meta({ resume: "extends" }),
  schedule: choiceOf(SCHEDULES).prefault({ name: "constant" }).describe(
    "How the learning rate changes",
  ),
  maxTime: timeBudgetSchema.optional(),
  batchSize: count.default(128).describe("Images in a training batch"),
  shards: shardsSchema,
  accumulate: count.default(1).describe(
    "Batches whose gradients make one optimizer step, as one batch of all their images would",
  ),
  evaluationBatchSize: count.default(256).describe("Images in a batch of validation"),
  dropLast: z.boolean().default(true).describe(
    "Leave out the last, smaller batch of an epoch's training images",
  ),
  sampling: samplingSchema,
  augRepeats: count.max(64).default(1).describe(
    "How often an image occurs in an epoch, each time with other random changes; an epoch keeps its " +
      "length, so it has fewer different images",
  ),
  workers: z.union([z.literal("auto"), z.int().min(0).max(64)]).default("auto").describe(
    "Threads that prepare batches: auto takes one, for pictures that are decoded all cores but one; " +
      "0 prepares them between the steps. The batches are the same",
  ),
  validateEvery: count.default(1).describe("Epochs between validations").meta({
    resume: "extends",
  }),
  logEvery: count.default(50).describe("Steps between entries of the metrics log").meta({
    resume: "extends",
  }),
  logNorms: logNormsSchema.meta({ resume: "extends" }),
  saveEverySteps: count.optional().describe(
    "Save every n steps too; the end of an epoch always saves",
  ),
  saveEveryMinutes: z.number().positive().optional().describe("Save every n minutes"),
  keepBest: z.boolean().default(true).describe("Keep the checkpoint of the best validation too"),
  seed: z.int().min(0).max(2 ** 32 - 1).default(0).describe("Seed of all random numbers"),
});

/** The options of a run besides its recipe, with descriptions and defaults. */
export const RUN = { about: "How long a training is, and how it is divided", schema };

/** The options of {@link RUN}; only `epochs` is required. */
export type RunOptions = Readonly<OptionsOf<typeof RUN>>;
/** Options of a run with every default filled in. */
export type ParsedRunOptions = Readonly<ParsedOptionsOf<typeof RUN>>;
