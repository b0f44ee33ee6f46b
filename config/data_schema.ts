/** The schema of a config's `data`. */

import {
  type AugmentationChoice,
  AUGMENTATIONS,
  planAugmentation,
} from "../datasets/augmentations/registry.ts";
import { PRESETS } from "../datasets/presets.ts";
import { DATASETS } from "../datasets/registry.ts";
import { CACHES } from "../datasets/caches/registry.ts";
import {
  planTransforms,
  type TransformChoice,
  TRANSFORMS,
} from "../datasets/transforms/registry.ts";
import { MIXING } from "../datasets/mixing/options.ts";
import { InputError } from "../errors.ts";
import { GROUNDS, parseGround } from "../files/colours.ts";
import { choiceOf, z } from "../schema/entry.ts";
import { RUN } from "../training/run_options.ts";
import { address, path } from "./path.ts";

const count = z.int().min(1);

/** Finds what is wrong with a list as a whole, where every item is right. */
function checkList<C>(plan: (choices: C[]) => unknown) {
  return (choices: C[], context: z.RefinementCtx): void => {
    if (context.issues.length > 0) return;
    try {
      plan(choices);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      context.addIssue({ code: "custom", path: [...error.at ?? []], message: error.message });
    }
  };
}

const transform = choiceOf(TRANSFORMS);

/** A list of transforms; whether it leaves pictures of one size is known with the pictures. */
const transforms = (isRandom: boolean) =>
  z.array(transform).superRefine(
    checkList((choices: TransformChoice[]) =>
      planTransforms(choices, { from: { height: 1, width: 1 }, isRandom })
    ),
  );

/** A number that is often given for pixels of 0 to 255, from which hardly anything is learnt. */
const fraction = (number: z.ZodNumber) =>
  number.refine((value) => value <= 1, {
    error: ({ input }) => `found ${input}, expected a fraction of 255, at most 1`,
  }).meta({ maximum: 1 });

export const dataSchema = z.strictObject({
  dataset: choiceOf(DATASETS).describe("Which dataset, with its options if it has any"),
  root: path.optional().describe(
    "Folder that holds the dataset's files; by default the cache, filled by download",
  ).meta({ resume: "free" }),
  mirror: address.optional().describe(
    "Address of a folder with the dataset's files, tried before all other sources",
  ).meta({ resume: "free" }),
  checksums: z.record(
    z.string(),
    z.string().regex(
      /^(sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}|none)$/i,
      "expected sha256: and 64 hexadecimal digits, md5: and 32, or none",
    ),
  ).optional().describe("Checksums of files that are not the official ones, by file name").meta({
    resume: "free",
  }),
  batchSize: RUN.schema.shape.batchSize,
  shards: RUN.schema.shape.shards,
  evalBatchSize: RUN.schema.shape.evaluationBatchSize.meta({ resume: "bits" }),
  workers: RUN.schema.shape.workers.meta({ resume: "free" }),
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
  train: transforms(true).optional().describe(
    "Transforms of training images, in this order; by default those of eval",
  ),
  eval: transforms(false).optional().describe(
    "Transforms of validation and test images; by default they are cropped and scaled to the size of " +
      "training as predict does, those of image_folder to 224x224",
  ),
  background: z.string().refine((text) => parseGround(text) !== undefined, `expected ${GROUNDS}`)
    .default("white").describe("Background of transparent pixels"),
  onError: z.enum(["stop", "skip"]).default("stop").describe(
    "A picture that cannot be read ends the training, or another of its class takes its place",
  ).meta({ resume: "free" }),
  cache: choiceOf(CACHES).default("none").describe(
    "Where decoded pictures are kept from one epoch to the next, as they are before the first of the " +
      "transforms in train or eval that draws",
  ).meta({ resume: "free" }),
  augmentation: z.union([
    z.enum(PRESETS).describe(
      "A preset for the size of the training images; overfold inspect shows its contents",
    ),
    z.array(choiceOf(AUGMENTATIONS)).superRefine(
      checkList((choices: AugmentationChoice[]) => planAugmentation(choices)),
    ).describe("Random changes, in this order"),
  ]).optional().describe("Random changes of training images; none by default"),
  mixing: MIXING.schema.strict().optional().describe(MIXING.about + "; by default they are not"),
  sampling: RUN.schema.shape.sampling,
  augRepeats: RUN.schema.shape.augRepeats,
  normalization: z.union([
    z.literal("none"),
    z.strictObject({
      mean: z.array(fraction(z.number().min(0))).min(1).describe(
        "Mean of each channel, in fractions of 255",
      ),
      std: z.array(fraction(z.number().positive())).min(1).describe(
        "Standard deviation of each channel, in fractions of 255",
      ),
    }).refine((n) => n.mean.length === n.std.length, {
      path: ["std"],
      error: "expected as many numbers as in mean",
    }),
  ]).optional().describe("Per-channel normalization; the dataset's own statistics by default"),
  dropLast: RUN.schema.shape.dropLast,
});
