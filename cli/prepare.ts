/** From a resolved config to the objects that commands use: architecture, description, programs. */

import { type ConfigFile, loadConfig } from "../config/load.ts";
import type { DataConfig } from "../config/schema.ts";
import type { Architecture } from "../checkpoints/checkpoint.ts";
import type { NetworkDescription } from "../networks/network.ts";
import { planAugmentation } from "../datasets/augmentations/registry.ts";
import type { ChannelStatistics, DatasetInfo } from "../datasets/dataset.ts";
import type { ImageShape, ImageSource } from "../datasets/image_source.ts";
import { presetOf } from "../datasets/presets.ts";
import { InputError } from "../errors.ts";
import { requireMemory } from "../files/memory.ts";
import { type Program, sizeOf } from "../graph/types.ts";
import type { Module } from "../layers/module.ts";
import { buildModel } from "../models/registry.ts";
import { ALONE, type Ranks } from "../ranks/ranks.ts";
import { formatCount } from "../reporting/format.ts";
import { sum } from "../reporting/statistics.ts";
import { describeNetwork } from "../training/description.ts";
import { changedInput, imageInput, type TrainingChanges } from "../training/image_input.ts";
import { type ResolvedRecipe, resolveRecipe } from "../training/recipe.ts";
import { batchSizesOf, type SplitCounts, trainingPrograms } from "../training/programs.ts";
import { shardCount } from "../training/shard_count.ts";
import { lossProgram } from "../training/step_program.ts";
import type { Arguments, Context } from "./command.ts";
import { objectiveFor, openImages } from "./load_data.ts";

/** Bytes that a device can address: a network with more bytes of parameters cannot be trained. */
const ADDRESSABLE = 2 ** 32;

/** The config in a file, with the overrides of the command line; reports renamed keys. */
export function readConfig(
  path: string,
  args: Arguments,
  { progress }: Context,
): Promise<ConfigFile> {
  return loadConfig(path, {
    set: args.texts("set"),
    onHint: (line) => progress.print(`hint: ${line}`),
  });
}

/** What is known of a config's network before it is built. */
interface PlannedNetwork {
  readonly info: DatasetInfo;
  readonly architecture: Architecture;
  readonly description: NetworkDescription;
  readonly changes: TrainingChanges;
}

/**
 * The network of a config for the images of a dataset, by default the config's own. Throws InputError,
 * saying where the mistake is, for statistics or augmentations that do not fit the images.
 */
export async function planNetwork(
  file: ConfigFile,
  given?: DatasetInfo,
): Promise<PlannedNetwork> {
  const { config: { data, model }, at } = file;
  const info = given ?? (await openImages(file)).info;
  const { name = "layers", layers, convolution, convolutions, options } = model;
  const { imageShape: { height, width, channels }, classNames } = info;
  const objective = objectiveFor(file, info);
  const changes = changesOf(data, info.imageShape);
  at("data.augmentation", () => planAugmentation(changes.augmentation ?? [], info.imageShape));
  const statistics = at("data.normalization", () => normalizationOf(data, info));
  return {
    info,
    architecture: {
      name,
      options: {
        classes: classNames.length,
        inputChannels: channels,
        inputSize: [height, width],
        convolution,
        ...(convolutions ? { convolutions } : {}),
        ...(layers ? { layers } : options),
      },
    },
    description: describeNetwork(name, { ...info, statistics }, objective),
    changes,
  };
}

/** The network of a config, uninitialized. Throws InputError, saying where the mistake is. */
export function buildNetwork({ at }: ConfigFile, { name, options }: Architecture): Module {
  return at("model", () => {
    const model = buildModel(name, options);
    const count = sum([...model.namedParameters().values()].map(({ shape }) => sizeOf(shape)));
    requireMemory(4 * count, `its ${formatCount(count)} numbers take`, ADDRESSABLE);
    return model;
  });
}

function normalizationOf(
  { normalization }: DataConfig,
  { name, statistics, imageShape: { channels } }: DatasetInfo,
): ChannelStatistics {
  if (normalization === undefined) return statistics;
  if (normalization === "none") {
    return { mean: Array(channels).fill(0), std: Array(channels).fill(1) };
  }
  if (normalization.mean.length !== channels) {
    throw new InputError(
      `found ${normalization.mean.length} means, expected ${channels}, one for each channel of ` +
        `${name}'s images`,
    );
  }
  return normalization;
}

/**
 * The random changes of training images of a shape, as a config lists them or its preset says; the
 * config's own mixing precedes the preset's.
 */
export function changesOf(
  { augmentation = [], mixing }: DataConfig,
  shape: ImageShape,
): TrainingChanges {
  if (typeof augmentation !== "string") return { augmentation, mixing };
  const preset = presetOf(augmentation, shape);
  return { augmentation: preset.augmentation, mixing: mixing ?? preset.mixing };
}

/**
 * The recipe of a config for its network. Throws InputError, saying where the mistake is.
 *
 * @param targets those of the training images
 */
export function recipeOf(
  { config, at }: ConfigFile,
  model: Module,
  { classNames }: NetworkDescription,
  targets?: ImageSource["targets"],
): ResolvedRecipe {
  const known = { classes: classNames.length, classNames, targets };
  return at("training", () => resolveRecipe(model, config.training, known));
}

/**
 * The size of a shard: the images that a training computes at once. Throws InputError, saying where
 * the mistake is, for shards that do not fit.
 *
 * @param ranks the ranks that divide them. Default: this process alone
 */
export function shardSizeOf(
  { config: { data, training }, at }: ConfigFile,
  ranks: Pick<Ranks, "size"> = ALONE,
): number {
  const { batchSize, shards } = data;
  const { accumulate } = training;
  return batchSize / at("data", () => shardCount({ batchSize, shards, accumulate }, ranks));
}

/**
 * Throws InputError, saying where the mistake is, if batches of a training on `count` images are too
 * small for the network: batch norm needs more than one number to find a variance.
 */
export function checkLastBatch(
  file: ConfigFile,
  recipe: ResolvedRecipe,
  images: NetworkDescription,
  count: number,
): void {
  const { config: { data }, at } = file;
  const size = shardSizeOf(file);
  const isLast = !data.dropLast && count % size === 1;
  if (!isLast && size > 1) return;
  const [part, parts] = size < data.batchSize ? ["shard", "shards"] : ["batch", "batches"];
  at(isLast ? "data.dropLast" : "data.batchSize", () => {
    try {
      lossProgram({ recipe, traceInput: imageInput(images), batchSize: 1 });
    } catch (error) {
      if (!isLast || !(error instanceof InputError)) throw error;
      throw new InputError(
        `the last ${part} of an epoch has one image (${formatCount(count)} images in ${parts} of ` +
          `${size}): ${error.message}, or leave out that batch with data.dropLast: true`,
        { cause: error },
      );
    }
  });
}

/**
 * The programs that training compiles together: steps and, last, validation.
 *
 * @param counts numbers of images
 */
export function programsOf(
  file: ConfigFile,
  model: Module,
  images: NetworkDescription,
  counts: SplitCounts,
): Program[] {
  const { data, training: { accumulate, epochs } } = file.config;
  const { evalBatchSize: evaluationBatchSize, dropLast } = data;
  const batchSize = shardSizeOf(file);
  return trainingPrograms({
    recipe: recipeOf(file, model, images),
    ...changedInput(images, changesOf(data, images.input)),
    ...batchSizesOf({ batchSize, evaluationBatchSize, dropLast }, counts),
    accumulate,
    shards: data.batchSize / batchSize,
    epochs: { from: 0, to: epochs, stepsPerEpoch: 1 },
  });
}
