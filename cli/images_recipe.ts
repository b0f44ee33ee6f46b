/** Chooses a recipe for the user's own images and writes it as a config with comments. */

import { stringify } from "yaml";
import { memoryOfMachine } from "../files/memory.ts";
import { formatBytes, formatCount, formatDuration, wrapText } from "../reporting/format.ts";
import { shellQuoted } from "./command.ts";
import type { ImagesSurvey } from "./images_survey.ts";

/** What depends on the images and the machine. */
export interface ImagesRecipe {
  /** Side of the training images in pixels. */
  readonly size: number;
  readonly epochs: number;
  readonly batchSize: number;
}

/** How long a training was measured to take. */
export interface ImagesTiming {
  readonly seconds: number;
  /** The backend that computed. */
  readonly backend: string;
}

/** Sides of training images to choose from; below 64 the network is one for small images. */
const SIDES = [32, 64, 96, 128, 160, 192, 224];
const MIN_FOR_RESNET = 64;

/** Epochs by the least number of images, largest first. */
const EPOCHS = [[200_000, 10], [20_000, 15], [5_000, 20], [500, 30], [0, 40]] as const;
/** Batch sizes, likewise. */
const BATCHES = [[20_000, 128], [5_000, 64], [1_000, 32], [0, 16]] as const;

/** Below this number, images are augmented as strongly as possible, to avoid overfitting. */
const FEW = 5_000;

/** The longest training to suggest, in seconds, by the number of images. */
const MAX_SECONDS = [[FEW, 3600], [0, 600]] as const;
/** The share of the machine's memory that decoded images may take. */
const CACHE_SHARE = 1 / 4;

/** Fewest epochs, however long they take. */
const MIN_EPOCHS = 3;

/** The recipe for the images, regardless of time. */
export function recipeFor({ sizes: { train }, typical }: ImagesSurvey): ImagesRecipe {
  const short = Math.min(...typical);
  return {
    size: SIDES.findLast((side) => side <= short) ?? SIDES[0],
    epochs: stepOf(EPOCHS, train),
    batchSize: stepOf(BATCHES, train),
  };
}

/**
 * A faster recipe, with smaller images or, once they are small, fewer epochs; undefined if the measured
 * `seconds` are acceptable or nothing can be reduced further.
 */
export function shorter(
  recipe: ImagesRecipe,
  seconds: number,
  { sizes: { train } }: ImagesSurvey,
): ImagesRecipe | undefined {
  const share = stepOf(MAX_SECONDS, train) / seconds;
  if (share >= 1) return undefined;
  if (recipe.size > MIN_FOR_RESNET) {
    const size = SIDES.findLast((side) => side ** 2 <= share * recipe.size ** 2) ?? 0;
    return { ...recipe, size: Math.max(MIN_FOR_RESNET, size) };
  }
  const epochs = Math.max(MIN_EPOCHS, Math.floor(share * recipe.epochs));
  return epochs < recipe.epochs ? { ...recipe, epochs } : undefined;
}

function stepOf(steps: readonly (readonly [number, number])[], count: number): number {
  return steps.find(([least]) => count >= least)![1];
}

/** Bytes of all images in memory as they are cached: before their first random transform. */
function keptBytes({ size }: ImagesRecipe, survey: ImagesSurvey): number {
  const { sizes: { train, test }, typical, isGrey } = survey;
  const [height, width] = size < MIN_FOR_RESNET ? [size, size] : typical;
  return (train + test) * height * width * (isGrey ? 1 : 3);
}

/**
 * The config, with comments that explain the choices.
 *
 * @param memory bytes of this machine's memory; Infinity if unknown
 */
export function recipeText(
  path: string,
  file: string,
  survey: ImagesSurvey,
  recipe: ImagesRecipe,
  timing?: ImagesTiming,
  memory = memoryOfMachine(),
): string {
  const { size, epochs, batchSize } = recipe;
  const { dataset, classNames, sizes, fewest, typical: [height, width], isGrey } = survey;
  const isSmall = size < MIN_FOR_RESNET;
  const isFew = sizes.train < FEW;
  const options = Object.entries({ ...Object(dataset), ...(isGrey ? { channels: 1 } : {}) })
    .map(([key, value]) => `    ${key}: ${stringify(value).trim()}`).join("\n");
  const [all, train, test, least] = [sizes.train + sizes.test, sizes.train, sizes.test, fewest]
    .map(formatCount);
  const time = timing === undefined
    ? ""
    : ` That takes about ${formatDuration(timing.seconds)} on this machine, as measured with ` +
      `${timing.backend}.`;
  const about = `Written by \`deno task init --images ${shellQuoted(path)}\`: ${all} images of ` +
    `${formatCount(classNames.length)} classes. Train with it: deno task train ${
      shellQuoted(file)
    }.${time}`;
  const split =
    `${train} for training, at least ${least} of each class, and ${test} for validation. ` +
    "Without a validation folder or list, a fifth of each class is held out, always the same " +
    "images; for another share:";
  const scale =
    `${survey.isOneSize ? "All" : "Most"} of the sampled images are ${width} × ${height}` +
    `${survey.isOneSize ? "" : " or similar"}: the network sees ${size} × ${size}` +
    `${
      size < recipeFor(survey).size ? ", to limit the training time" : ""
    }. A larger size is more ` +
    "accurate; the time grows with its square." +
    (isFew ? " So few images need strong augmentation to avoid overfitting." : "");
  const kept = keptBytes(recipe, survey);
  const isKept = memory < Infinity && kept <= CACHE_SHARE * memory;
  const cache = isKept
    ? `memory # decoded once, they take about ${formatBytes(kept)}; none: decoded in every epoch`
    : "none # disk: images are decoded once, if decoding takes most of the time";
  const network =
    (isSmall
      ? "A network for small images."
      : "A common network, for images of 64x64 pixels or more.") +
    " Its convolutions are over-parameterized in training and folded afterwards.";
  return `\
${comment(about)}
${comment("`overfold init` without --images writes a config with every key.")}

data:
  dataset:
${options}
${comment(split, 4)}
    # holdOut: { share: 0.2 }
${comment(scale, 2)}
  train:
${
    isSmall
      ? `    - { name: fit, size: ${size} }\n    - { name: random_crop, size: ${size}, padding: 4 }`
      : `    - { name: random_resized_crop, size: ${size}, scale: [${isFew ? 0.35 : 0.2}, 1] }`
  }
    - horizontal_flip # not for letters, digits and anything else that must not be mirrored
${isFew ? "    - trivial_augment_wide\n" : ""}\
  batchSize: ${batchSize}
  onError: stop # skip: replace a broken image by another one of its class
  cache: ${cache}

model:
${comment(network, 2)}
  name: ${isSmall ? "cifar_resnet20_v1" : "resnet18"}
  convolution: do_conv
${isSmall ? "" : PRETRAINED}
training:
  epochs: ${epochs}
${
    "severalLabels" in Object(dataset)
      ? "  objective: multi_label # images have any number of labels\n"
      : ""
  }\
${isSmall ? SGD : ADAMW}
  schedule: { name: one_cycle }
`;
}

const PRETRAINED = `\
  # Weights trained on ImageNet make up for a lack of images. They are downloaded once; with
  # convolution: conv and learningRate: 0.0003:
  # pretrained: torchvision/resnet18
  # replaceClassifier: true
`;
const SGD = `\
  optimizer: { name: sgd, learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 5e-4 }`;
const ADAMW = "  optimizer: { name: adamw, learningRate: 0.003, weightDecay: 0.05 }";

function comment(text: string, indent = 0): string {
  const start = `${" ".repeat(indent)}# `;
  return wrapText(text, 100 - start.length).map((line) => start + line).join("\n");
}
