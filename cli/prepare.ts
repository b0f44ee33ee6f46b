/** From a resolved config to what commands work with: images, architecture, description. */

import { type ConfigFile, loadConfig } from "../config/load.ts";
import type { DataConfig } from "../config/schema.ts";
import type { Architecture } from "../checkpoints/checkpoint.ts";
import { type AdoptOptions, adoptState, type ForeignState } from "../checkpoints/import.ts";
import type { NetworkDescription } from "../checkpoints/network.ts";
import type { StepTransform } from "../datasets/augmentation.ts";
import { planAugmentation } from "../datasets/augmentations/registry.ts";
import type { ChannelStatistics, DatasetInfo, OpenDataset } from "../datasets/dataset.ts";
import type { ImageShape, ImageSource } from "../datasets/image_source.ts";
import type { LocateOptions } from "../datasets/published_files.ts";
import { openDataset } from "../datasets/open.ts";
import { firstOf, holdOut } from "../datasets/split.ts";
import { InputError, within } from "../errors.ts";
import { fromHome } from "../files/home.ts";
import { requireMemory } from "../files/memory.ts";
import { type Program, sizeOf } from "../graph/types.ts";
import type { Module } from "../layers/module.ts";
import { buildModel } from "../models/registry.ts";
import { formatBytes, formatCount, someOf } from "../reporting/format.ts";
import { sum } from "../reporting/statistics.ts";
import { describeNetwork } from "../training/description.ts";
import type { Objective } from "../training/objectives/objective.ts";
import { objectiveOf } from "../training/objectives/registry.ts";
import { requireTargets } from "../training/targets.ts";
import { imageInput } from "../training/image_input.ts";
import { type ResolvedRecipe, resolveRecipe } from "../training/recipe.ts";
import { evaluationProgram, lossProgram, stepProgram } from "../training/step_program.ts";
import type { Arguments, Context } from "./command.ts";

/** Bytes that one device addresses: a network with more of them in its parameters trains nowhere. */
const ADDRESSABLE = 2 ** 32;

/** Bytes of images that are computed for a config that nobody has named: seconds of work. */
const UNASKED_BYTES = 2 ** 26;

/** The config in a file, with the overrides of the call; former keys in it are told. */
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

/** Takes weights from elsewhere into a model, and tells what of them is left out. */
export function adoptWeights(
  model: Module,
  state: ForeignState,
  options: AdoptOptions,
  { progress }: Context,
): void {
  const leftOut = adoptState(model, state, options);
  if (leftOut.length === 0) return;
  progress.print(`warning: ${state.path}: left out, as beside the model: ${someOf(leftOut)}`);
}

/** The images of a config. */
export interface Images {
  readonly info: DatasetInfo;
  readonly train: ImageSource;
  readonly validation: ImageSource;
}

/** How many images a config trains on, known before they are loaded. */
export function trainCountOf({ validation, subset }: DataConfig, { sizes }: DatasetInfo): number {
  const count = sizes.train - (validation === "test" ? 0 : validation.count);
  return Math.min(count, subset?.train ?? count);
}

/** Opens the dataset of a config. */
function openImages(
  { dataset, root, mirror, checksums }: DataConfig,
  options: LocateOptions = {},
): Promise<OpenDataset> {
  return openDataset(dataset, {
    root: root === undefined ? undefined : fromHome(root),
    mirror,
    checksums,
    ...options,
  });
}

/**
 * Loads the images of a config, downloading them if need be; says so on the progress line. With
 * `isNamed: false`, for a config that came with a network, images that are not on this machine are
 * an InputError, and so are more to compute than the network of a stranger may ask for. `check` sees
 * what is known of the images before any is fetched.
 */
export async function loadImages(
  file: ConfigFile,
  { progress }: Context,
  { isNamed = true, check = () => {} }: {
    readonly isNamed?: boolean;
    check?(info: DatasetInfo): void;
  } = {},
): Promise<Images> {
  const { config: { data }, at } = file;
  const { info, computedBytes = 0, load } = await openImages(data, {
    download: isNamed,
    onProgress: ({ file, received, total }) =>
      progress.update(() =>
        `downloading ${file}: ${formatBytes(received)}` +
        (total === undefined ? "" : ` of ${formatBytes(total)}`)
      ),
    onNotice: (line) => progress.print(line),
  });
  objectiveFor(file, info);
  if (!isNamed && computedBytes > UNASKED_BYTES) {
    at("data.dataset", () => {
      throw new InputError(
        `its images take ${formatBytes(computedBytes)}, and unasked at most ` +
          `${formatBytes(UNASKED_BYTES)} are computed; name a config with --config`,
      );
    });
  }
  check(info);
  const splits = await load();
  progress.finish();
  // Nothing that comes after has to reach anyone.
  await Deno.permissions.revoke({ name: "net" });
  const { validation: source, subset } = data;
  const { train, validation } = source === "test"
    ? { train: splits.train, validation: splits.test }
    : at("data.validation.count", () => holdOut(splits.train, source.count));
  return {
    info,
    train: at("data.subset.train", () => firstOf(train, subset?.train)),
    validation: source === "test"
      ? at("data.subset.test", () => firstOf(validation, subset?.test))
      : validation,
  };
}

/** What is known of the network of a config before it is built. */
export interface PlannedNetwork {
  readonly info: DatasetInfo;
  readonly architecture: Architecture;
  readonly description: NetworkDescription;
  readonly transform: StepTransform;
}

/**
 * The network of a config for the images of a dataset, by default those the config names. Throws
 * InputError, saying where the mistake is, for statistics or augmentations that do not fit the images.
 */
export async function planNetwork(
  file: ConfigFile,
  given?: DatasetInfo,
): Promise<PlannedNetwork> {
  const { config: { data, model }, at } = file;
  const info = given ?? (await openImages(data)).info;
  const { name = "layers", layers, convolution, convolutions, options } = model;
  const { imageShape: { height, width, channels }, classNames } = info;
  const objective = objectiveFor(file, info);
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
    transform: stepTransformOf(file, info.imageShape),
  };
}

/** The network of a config, its weights not set. Throws InputError, saying where the mistake is. */
export function buildNetwork({ at }: ConfigFile, { name, options }: Architecture): Module {
  return at("model", () => {
    const model = buildModel(name, options);
    const count = sum([...model.namedParameters().values()].map(({ shape }) => sizeOf(shape)));
    requireMemory(4 * count, `its ${formatCount(count)} numbers take`, ADDRESSABLE);
    return model;
  });
}

/**
 * What the network of a config is trained for. Throws InputError, saying where the mistake is, if
 * the images have not the targets for it.
 */
export function objectiveFor({ config, at }: ConfigFile, info: DatasetInfo): Objective {
  const classes = info.classNames.length;
  return at("training", () => {
    const objective = within(
      ["objective"],
      () => objectiveOf(config.training.objective, classes),
    );
    requireTargets(objective, info.targets, classes);
    return objective;
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

/** What the training step does to images at random. */
function stepTransformOf({ config, at }: ConfigFile, shape: ImageShape): StepTransform {
  return at(
    "data.augmentation",
    () => planAugmentation(config.data.augmentation ?? [], shape).transform,
  );
}

/** The recipe of a config for its network. Throws InputError, saying where the mistake is. */
export function recipeOf(
  { config, at }: ConfigFile,
  model: Module,
  { classNames }: NetworkDescription,
): ResolvedRecipe {
  return at(
    "training",
    () => resolveRecipe(model, config.training, { classes: classNames.length }),
  );
}

/**
 * Throws InputError, saying where the mistake is, if batches of a training on `count` images are too
 * small for the network: a batch norm finds no variance in one number.
 */
export function checkLastBatch(
  { config: { data }, at }: ConfigFile,
  recipe: ResolvedRecipe,
  images: NetworkDescription,
  count: number,
): void {
  const isLast = !data.dropLast && count % data.batchSize === 1;
  if (!isLast && data.batchSize > 1) return;
  at(isLast ? "data.dropLast" : "data.batchSize", () => {
    try {
      lossProgram({ recipe, traceInput: imageInput(images, 0), batchSize: 1 });
    } catch (error) {
      if (!isLast || !(error instanceof InputError)) throw error;
      throw new InputError(
        `the last batch of an epoch has one image (${formatCount(count)} images in batches of ` +
          `${data.batchSize}): ${error.message}, or leave that batch out with data.dropLast: true`,
        { cause: error },
      );
    }
  });
}

/** What training compiles together: the step and, second, the program that validates. */
export function programsOf(
  file: ConfigFile,
  model: Module,
  images: NetworkDescription,
): Program[] {
  const { data } = file.config;
  const recipe = recipeOf(file, model, images);
  const traceInput = imageInput(images, stepTransformOf(file, images.input).padding);
  return [
    stepProgram({ recipe, traceInput, batchSize: data.batchSize }),
    evaluationProgram({ recipe, traceInput, batchSize: data.evalBatchSize }),
  ];
}
