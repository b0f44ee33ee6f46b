/**
 * The one description of a config file: its TypeScript type, its validation, its default values
 * and, by way of `json_schema.ts`, `schema.json` for editors. Unknown keys are mistakes everywhere.
 *
 * `resume` in a key's metadata says what a run may be resumed with: `free`: another value, since it
 * decides where and how often something is done, not what is computed; `bits`: another value if the
 * user accepts other last bits; `extends`: another value, but the run then ends differently.
 * Without it a run can only be resumed with the same value.
 */

import { z } from "../schema/entry.ts";
import { loggersSchema } from "../training/loggers/registry.ts";
import { RECIPE } from "../training/recipe.ts";
import { RUN } from "../training/run_options.ts";
import { dataSchema } from "./data_schema.ts";
import { modelSchema } from "./model_schema.ts";
import { path } from "./path.ts";

/** How images are partitioned among CPU threads. */
export const partition = z.enum(["static", "dynamic"]);

const threadCount = z.int().min(1).max(256);

/** Characters that file names may not contain on some system, and the names `.` and `..`. */
const UNFIT_NAME = /[/\\:*?"<>|\p{Cc}]|^\.{0,2}$/u;

const { saveEverySteps, saveEveryMinutes, keepBest, seed } = RUN.schema.shape;
const { epochs, maxTime, accumulate, schedule, validateEvery, logEvery, logNorms } =
  RUN.schema.shape;
const { optimizer, objective, monitor, earlyStopping, clip, freeze, learningRates, ema } =
  RECIPE.schema.shape;

const training = z.strictObject({
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

const checkpoints = z.strictObject({
  everySteps: saveEverySteps,
  everyMinutes: saveEveryMinutes.default(5),
  keepBest,
});

/** A whole config file. */
export const configSchema = z.strictObject({
  name: z.string().refine((name) => !UNFIT_NAME.test(name), "expected a name fit for a folder")
    .describe("Name of the run and of its folder; the file's name by default").meta({
      resume: "free",
    }),
  output: path.default("runs").describe("Folder of all runs; this one goes to output/name").meta({
    resume: "free",
  }),
  seed,
  backend: z.enum(["auto", "webgpu", "cpu"]).default("auto").describe(
    "Where to compute; auto takes a hardware GPU if there is one, else the CPU",
  ).meta({ resume: "bits" }),
  threads: z.union([
    z.literal("auto"),
    threadCount,
    z.strictObject({
      count: z.union([z.literal("auto"), threadCount]).default("auto").describe(
        "CPU threads; auto takes one per core",
      ),
      partition: partition.default("static").describe(
        "static: every run gives the same bits; dynamic: faster on a busy machine, the last digits vary",
      ),
    }),
  ]).default("auto").describe("CPU threads, and how images are partitioned among them").meta({
    resume: "bits",
  }),
  precision: z.enum(["fast", "high", "mixed"]).default("fast").describe(
    "fast: the CPU sums 3x3 convolutions with errors of 1e-5 of the largest; high: of 1e-6; mixed: " +
      "WebGPU stores feature maps as f16",
  ).meta({ resume: "bits" }),
  data: dataSchema.describe("The images"),
  model: modelSchema.describe("The network"),
  training: training.prefault({}).describe("The recipe"),
  checkpoints: checkpoints.prefault({}).describe("When the run is saved").meta({ resume: "free" }),
  fold: z.boolean().default(true).describe("Fold the best checkpoint at the end").meta({
    resume: "free",
  }),
});

/** A config with every default filled in. */
export type Config = z.output<typeof configSchema>;
/** `data` of a config. */
export type DataConfig = Config["data"];
