/** What to train on pictures of one's own: the recipe that fits them, as a config with comments. */

import { stringify } from "yaml";
import { memoryOfMachine } from "../files/memory.ts";
import { formatBytes, formatCount, formatDuration, wrapText } from "../reporting/format.ts";
import { shellQuoted } from "./calls.ts";
import type { ImagesSurvey } from "./images_survey.ts";

/** What depends on the pictures and the machine. */
export interface ImagesRecipe {
  /** Pixels a side that are trained on. */
  readonly size: number;
  readonly epochs: number;
  readonly batchSize: number;
}

/** What a training was measured to take. */
export interface ImagesTiming {
  readonly seconds: number;
  /** What computed. */
  readonly backend: string;
}

/** Sides that networks are trained at here, those below 64 with a network for small pictures. */
const SIDES = [32, 64, 96, 128, 160, 192, 224];
const MIN_FOR_RESNET = 64;

/** Passes over so many pictures and more, beginning with the most. */
const EPOCHS = [[200_000, 10], [20_000, 15], [5_000, 20], [500, 30], [0, 40]] as const;
/** Pictures in a step, likewise. */
const BATCHES = [[20_000, 128], [5_000, 64], [1_000, 32], [0, 16]] as const;

/** Below this, pictures are changed as strongly as can be, lest they be learnt by heart. */
const FEW = 5_000;

/** Seconds that a training of so many pictures should take at most unless somebody asks for more. */
const MAX_SECONDS = [[FEW, 3600], [0, 600]] as const;
/** What of the machine's memory decoded pictures may take. */
const CACHE_SHARE = 1 / 4;

/** Passes that are made however long they take. */
const MIN_EPOCHS = 3;

/** The recipe for pictures, without regard to time. */
export function recipeFor({ sizes: { train }, typical }: ImagesSurvey): ImagesRecipe {
  const short = Math.min(...typical);
  return {
    size: SIDES.findLast((side) => side <= short) ?? SIDES[0],
    epochs: stepOf(EPOCHS, train),
    batchSize: stepOf(BATCHES, train),
  };
}

/**
 * A recipe that takes less time, of smaller pictures or, once they are small, fewer epochs; undefined
 * where `seconds`, which it was measured to take, are not too many or nothing is left to take away.
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

/** What all pictures take in memory as they are kept: before the first transform of theirs that draws. */
function keptBytes({ size }: ImagesRecipe, survey: ImagesSurvey): number {
  const { sizes: { train, test }, typical, isGrey } = survey;
  const [height, width] = size < MIN_FOR_RESNET ? [size, size] : typical;
  return (train + test) * height * width * (isGrey ? 1 : 3);
}

/**
 * The config, with comments that say why.
 *
 * @param memory bytes that this machine has; Infinity where that is not known
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
  const about = `Written by \`overfold init --images ${shellQuoted(path)}\`: ${all} pictures of ` +
    `${formatCount(classNames.length)} classes. Train with it: overfold train ${
      shellQuoted(file)
    }.${time}`;
  const split =
    `${train} to train on, at least ${least} of each class, and ${test} to validate on. ` +
    "Without a folder or list for these a fifth of each class is held out, always the same " +
    "pictures; another share:";
  const scale =
    `${survey.isOneSize ? "All" : "Most"} that were looked at are ${width} × ${height}` +
    `${survey.isOneSize ? "" : " or thereabouts"}: the network sees ${size} × ${size}` +
    `${size < recipeFor(survey).size ? ", lest the training take longer" : ""}. Larger is more ` +
    "exact, and slower as the square." +
    (isFew ? " So few pictures are changed strongly, lest they be learnt by heart." : "");
  const kept = keptBytes(recipe, survey);
  const isKept = memory < Infinity && kept <= CACHE_SHARE * memory;
  const cache = isKept
    ? `memory # decoded once, they take about ${formatBytes(kept)}; none: decoded in every epoch`
    : "none # disk: pictures are decoded once, where decoding is what takes the time";
  const network =
    (isSmall
      ? "A network for small pictures."
      : "A common network, for pictures of 64 pixels a side and more.") +
    " Its convolutions are over-parameterized while it trains and folded afterwards.";
  return `\
${comment(about)}
${comment("`overfold init` without --images writes a config with every key that there is.")}

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
    - horizontal_flip # not for letters, digits and what else has a right way round
${isFew ? "    - trivial_augment_wide\n" : ""}\
  batchSize: ${batchSize}
  onError: stop # skip: another picture of its class takes the place of a broken one
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
      ? "  objective: multi_label # pictures have any number of labels\n"
      : ""
  }\
${isSmall ? SGD : ADAMW}
  schedule: { name: one_cycle }
`;
}

const PRETRAINED = `\
  # Weights that were trained on ImageNet make up for many pictures. They are downloaded once; with
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
