/**
 * The one description of a config file: its TypeScript type, its validation, its default values
 * and, by way of `json_schema.ts`, `schema.json` for editors. Unknown keys are mistakes everywhere.
 *
 * `resume` in a key's metadata says what a run may be resumed with: `free`, another value, for it
 * decides where and how often something is done, not what is computed; `extends`, another value, but
 * the run then ends otherwise than it would have. Without it a run is resumed with the same value.
 */

import { z } from "../schema/entry.ts";
import type { SyntheticOptions } from "../datasets/dataset.ts";
import { datasetNames } from "../datasets/registry.ts";
import { modelSchema } from "./model_schema.ts";
import type { Shape } from "./shape.ts";
import { trainingSchema } from "./training_schema.ts";

const count = z.int().min(1);
const threadCount = z.int().min(1).max(256);
const path = z.string().min(1);

/** Everything a file name may not hold on some system, and the two names that are folders. */
const UNFIT_NAME = /[/\\:*?"<>|\p{Cc}]|^\.{0,2}$/u;

const synthetic = z.strictObject(
  {
    classes: z.int().min(2).optional().describe("Number of classes"),
    imageSize: z.int().min(4).optional().describe("Height and width"),
    channels: count.optional().describe("Channels"),
    trainCount: count.optional().describe("Training images"),
    testCount: count.optional().describe("Test images"),
    imageSeed: z.int().min(0).optional().describe("Seed of the images, apart from the run's"),
  } satisfies Shape<SyntheticOptions>,
);

const data = z.strictObject({
  dataset: z.enum(datasetNames()).describe(
    "Which dataset",
  ),
  root: path.optional().describe(
    "Folder that holds the dataset's files; by default the cache, filled by download",
  ).meta({ resume: "free" }),
  mirror: z.url({ protocol: /^https?$/, error: "expected an http or https address" }).optional()
    .describe("Address of a folder with the dataset's files, tried before all other sources").meta({
      resume: "free",
    }),
  checksums: z.record(
    z.string(),
    z.string().regex(
      /^(sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}|none)$/i,
      "expected sha256: and 64 hexadecimal digits, md5: and 32, or none",
    ),
  ).optional().describe("Checksums of files that are not the official ones, by file name").meta({
    resume: "free",
  }),
  synthetic: synthetic.optional().describe("Size of the synthetic dataset"),
  batchSize: count.default(128).describe("Images in a training batch"),
  evalBatchSize: count.default(256).describe("Images in a batch of validation").meta({
    resume: "free",
  }),
  validation: z.union([
    z.literal("test"),
    z.strictObject({
      from: z.literal("train"),
      count: count.describe("How many of the last training images to validate on"),
    }),
  ]).default("test").describe("Which images validate: the test set, or part of the training set"),
  subset: z.strictObject({
    train: count.optional().describe("Use only the first n training images"),
    test: count.optional().describe("Use only the first n test images"),
  }).optional().describe("Use only part of the dataset"),
  augmentation: z.strictObject({
    crop: z.strictObject({ padding: count.describe("Pixels of zeros on every side") }).optional()
      .describe("Pad, then crop at random to the original size"),
    flip: z.boolean().default(false).describe("Mirror left to right at random"),
  }).optional().describe("Random changes of training images; none by default"),
  normalization: z.union([
    z.literal("none"),
    z.strictObject({
      mean: z.array(z.number()).min(1).describe("Mean of each channel, in fractions of 255"),
      std: z.array(z.number().positive()).min(1).describe(
        "Standard deviation of each channel, in fractions of 255",
      ),
    }).refine((n) => n.mean.length === n.std.length, {
      path: ["std"],
      error: "expected as many numbers as in mean",
    }),
  ]).optional().describe("Per-channel normalisation; the dataset's own statistics by default"),
  dropLast: z.boolean().default(true).describe(
    "Leave out the last, smaller batch of an epoch's training images",
  ),
}).refine((d) => d.synthetic === undefined || d.dataset === "synthetic", {
  path: ["synthetic"],
  error: "only the dataset synthetic has a size to choose; remove it",
});

const checkpoints = z.strictObject({
  everySteps: count.optional().describe("Save every n steps too; the end of an epoch always saves"),
  everyMinutes: z.number().positive().default(5).describe("Save every n minutes"),
  keepBest: z.boolean().default(true).describe("Keep the checkpoint of the best validation too"),
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
  seed: z.int().min(0).max(2 ** 32 - 1).default(0).describe("Seed of all random numbers"),
  backend: z.enum(["auto", "webgpu", "cpu"]).default("auto").describe(
    "Where to compute; auto takes a hardware GPU if there is one, else the CPU",
  ).meta({ resume: "free" }),
  threads: z.union([
    z.literal("auto"),
    threadCount,
    z.strictObject({
      count: z.union([z.literal("auto"), threadCount]).default("auto").describe(
        "CPU threads; auto takes one a core",
      ),
      schedule: z.enum(["static", "dynamic"]).default("static").describe(
        "static: every run gives the same bits; dynamic: faster on a busy machine, the last digits vary",
      ),
    }),
  ]).default("auto").describe("CPU threads, and how images are shared out among them").meta({
    resume: "free",
  }),
  precision: z.enum(["fast", "high", "mixed"]).default("fast").describe(
    "fast: the CPU sums 3x3 convolutions with errors of 1e-5 of the largest; high: of 1e-6; mixed: " +
      "WebGPU stores feature maps in 16 bits a number",
  ).meta({ resume: "free" }),
  data: data.describe("The images"),
  model: modelSchema.describe("The network"),
  training: trainingSchema.prefault({}).describe("The recipe"),
  checkpoints: checkpoints.prefault({}).describe("When the run is saved").meta({ resume: "free" }),
  fold: z.boolean().default(true).describe("Fold the best checkpoint at the end").meta({
    resume: "free",
  }),
});

/** A config with every default filled in. */
export type Config = z.output<typeof configSchema>;
/** `data` of a config. */
export type DataConfig = Config["data"];
/** `model` of a config. */
export type ModelConfig = Config["model"];
