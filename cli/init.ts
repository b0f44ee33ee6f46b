/** `overfold init`: writes a config to start from. */

import { configJsonSchema } from "../config/json_schema.ts";
import { parseConfig } from "../config/load.ts";
import { InputError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { exists } from "../files/exists.ts";
import { BLOCKS } from "../layers/blocks.ts";
import { LAYERS } from "../layers/registry.ts";
import { MODELS } from "../models/registry.ts";
import { spellName } from "../reporting/controls.ts";
import { formatCount, formatDuration, wrapText } from "../reporting/format.ts";
import {
  branchesOf,
  choicesOf,
  type JsonSchema,
  namesOf,
  nodeAt,
  schemasAt,
} from "../schema/json.ts";
import { callOf, type Command, type Context, shellQuoted } from "./command.ts";
import {
  type ImagesRecipe,
  type ImagesTiming,
  recipeFor,
  recipeText,
  shorter,
} from "./images_recipe.ts";
import { surveyImages } from "./images_survey.ts";
import { timeImages } from "./images_timing.ts";
import { checkOutput } from "./output.ts";

/** Column of the comments after values. */
const COMMENT = 26;
const WIDTH = 100;

/** Broken images that are reported by name. */
const MAX_TOLD = 5;
/** Most recipes that are timed after the first. */
const MAX_TRIES = 3;

interface RowOptions {
  /** Whether the line is commented out: an alternative, not the template's choice. */
  readonly off?: boolean;
  /** What the comment adds to the schema's text. */
  readonly more?: string;
}

/** The template: a config that can be trained as it is, with the alternatives in comments. */
export function configTemplate(): string {
  const schema = configJsonSchema();
  /** A key with a value, followed by the schema's explanation and choices. */
  const row = (key: string, value: unknown, { off = false, more }: RowOptions = {}) => {
    const path = key.split(".");
    const comment = [
      nodeAt(schema, path)?.description ?? "",
      alternatives(schemasAt(schema, path, undefined)),
      more ?? "",
    ].filter((part) => part !== "").join("; ").replace(/^./, (letter) => letter.toUpperCase());
    const indent = "  ".repeat(path.length - 1) + (off ? "# " : "");
    return commented(`${indent}${path.at(-1)}: ${value}`, comment);
  };
  const standard = (key: string, options?: RowOptions) =>
    row(key, nodeAt(schema, key.split("."))?.default, options);
  const off = (...keys: readonly string[]) =>
    keys.map((key) => standard(key, { off: true })).join("\n");
  return `\
# A config of Overfold. Train with it: deno task train FILE
# Lines that begin with "# " and a key show alternatives. Every value can also be set on the
# command line: deno task train FILE --set training.epochs=5

${row("name", "my-run", { off: true })}
${off("output")}
${standard("seed")}
${standard("backend")}
${standard("threads", { more: "a number, or {partition: dynamic} on a busy machine" })}
${off("precision")}

data:
${
    row("data.dataset", "mnist", {
      more: "one with options: {name: synthetic, classes: 4}, {name: image_folder, root: photos}",
    })
  }
${row("data.root", "path/to/files", { off: true })}
${row("data.mirror", "https://...", { off: true })}
${row("data.checksums", "{train.bin: none}", { off: true })}
${standard("data.batchSize")}
${off("data.shards", "data.evalBatchSize", "data.dropLast", "data.workers")}
${standard("data.validation", { more: "or {from: train, count: 10000}" })}
${row("data.subset", "{train: 1000, test: 1000}", { off: true })}
${row("data.normalization", "{mean: [0.5], std: [0.25]}", { off: true, more: "or none" })}
${row("data.train", "[{name: random_resized_crop, size: 224}, horizontal_flip]", { off: true })}
${row("data.eval", "[{name: resize, size: 256}, {name: center_crop, size: 224}]", { off: true })}
${off("data.background", "data.onError")}
${standard("data.cache", { off: true, more: "or such as {name: memory, gibibytes: 4}" })}
${
    row("data.augmentation", "[{name: random_crop, padding: 4}, horizontal_flip]", {
      off: true,
      more: "or standard, a preset",
    })
  }
${row("data.mixing", "{mixup: {alpha: 0.2}, cutmix: {alpha: 1}}", { off: true })}
${off("data.sampling", "data.augRepeats")}

model:
  # Either a model by name ...
${commented("  # name: cifar_resnet20_v1", `One of ${names(MODELS)}`)}
  # ... or a list of layers. "convolution" refers to the key of that name below.
${commented("  layers:", `Each is one of ${names({ ...LAYERS, ...BLOCKS })}`)}
    - convolution: {outChannels: 16, kernelSize: 3, padding: 1, bias: false}
    - batch_norm2d
    - relu
    - max_pool2d: {kernelSize: 2}
    - convolution: {outChannels: 32, kernelSize: 3, padding: 1, bias: false}
    - batch_norm2d
    - relu
    - max_pool2d: {kernelSize: 2}
    - convolution: {outChannels: 64, kernelSize: 3, padding: 1, bias: false}
    - batch_norm2d
    - relu
    - max_pool2d: {kernelSize: 2}
    - flatten
    - linear: {outFeatures: 10}
${standard("model.convolution", { more: "or a mapping with that name and its options" })}
${row("model.convolutions", "[{names: layer1, name: conv}]", { off: true })}
${row("model.pretrained", "FILE", { off: true })}
${row("model.replaceClassifier", "true", { off: true })}
${row("model.prefix", "backbone.", { off: true })}
${row("model.ignore", "[aux]", { off: true })}
${row("model.mirror", "https://example.org/weights", { off: true })}

training:
${row("training.epochs", "3")}
${row("training.maxTime", "2h", { off: true })}
${off("training.accumulate")}
  optimizer:
${row("training.optimizer.name", "sgd")}
${row("training.optimizer.learningRate", "0.1")}
${row("training.optimizer.momentum", "0.9")}
${row("training.optimizer.nesterov", "true")}
${row("training.optimizer.weightDecay", "1e-4")}
${row("training.optimizer.decayNormAndBias", "false")}
  schedule:
${row("training.schedule.name", "one_cycle")}
${row("training.schedule.warmup", "{epochs: 1}", { off: true, more: "not needed with one_cycle" })}
${
    standard("training.objective", {
      off: true,
      more: "with options: {name: classification, labelSmoothing: 0.1}",
    })
  }
${row("training.monitor", "loss", { off: true })}
${row("training.earlyStopping", "{patience: 10}", { off: true })}
${off("training.validateEvery", "training.logEvery", "training.logNorms")}
${row("training.loggers", "[csv, tensorboard]", { off: true })}
${row("training.clip", "{norm: 1}", { off: true, more: "or {value: 0.5}" })}
${row("training.ema", "{decay: 0.999}", { off: true })}
${row("training.freeze", "{names: backbone, epochs: 3}", { off: true })}
${row("training.learningRates", "[{names: fc, factor: 10}]", { off: true })}

checkpoints:
${row("checkpoints.everySteps", "500", { off: true })}
${standard("checkpoints.everyMinutes")}
${off("checkpoints.keepBest")}
${standard("fold")}
`;
}

/** The allowed names of a value, if there are several. */
function alternatives(schemas: readonly JsonSchema[]): string {
  const single = schemas.flatMap((schema) =>
    schema.items ? branchesOf(schema.items, undefined) : [schema]
  );
  const names = new Set([...choicesOf(single), ...single.flatMap(namesOf)]);
  return names.size > 1 ? `one of ${[...names].join(", ")}` : "";
}

/** A line of the template with a comment after it, which continues on the lines below. */
function commented(line: string, comment: string): string {
  const lines = wrapText(comment, WIDTH - COMMENT - 2).map((text) =>
    `${" ".repeat(COMMENT)}# ${text}`
  );
  // After a long line, the comment starts below it.
  if (line.length >= COMMENT) return [line, ...lines].join("\n");
  return `${line}${lines.join("\n").slice(line.length)}`;
}

/** A registry's names, without the list of layers, which has its own key. */
function names(registry: Readonly<Record<string, unknown>>): string {
  return Object.keys(registry).filter((name) => name !== "layers").join(", ");
}

/** A config for the images at a path, and its training time; reduced if that is too long. */
async function configForImages(path: string, file: string, context: Context) {
  const survey = await surveyImages(path, context);
  for (const line of survey.broken.slice(0, MAX_TOLD)) {
    context.progress.print(`warning: ${spellName(line)}`);
  }
  if (survey.broken.length > 0) {
    context.progress.print(
      `warning: ${path}: some images cannot be read, and a training stops at the first of these; ` +
        `\`${callOf("datasets", context.call)} check ${shellQuoted(path)}\` lists them all, and ` +
        "`onError: skip` in the config skips them",
    );
  }
  const text = (recipe: ImagesRecipe, timing?: ImagesTiming) =>
    recipeText(path, file, survey, recipe, timing);
  const time = (recipe: ImagesRecipe) => timeImages(parseConfig(text(recipe), file), context);
  let recipe = recipeFor(survey);
  let timing = await time(recipe);
  for (let i = 0; i < MAX_TRIES; i++) {
    const next = shorter(recipe, timing.seconds, survey);
    if (!next) break;
    recipe = next;
    timing = await time(recipe);
  }
  return { survey, recipe, timing, text: text(recipe, timing) };
}

export const command: Command = {
  positionals: [{
    name: "FILE",
    help: "Where to write it; config.yaml by default",
    optional: true,
  }],
  options: {
    images: {
      value: "PATH",
      help: "Write a config for these images: one folder per class, or a list",
    },
    force: { short: "f", help: "Overwrite FILE if it exists" },
  },
  details:
    "With --images, some of the images are examined, and the network, image size, augmentation and epochs\n" +
    "are chosen so that a training takes at most ten minutes, or an hour if there are many, as measured.",
  async run(args, context) {
    const file = args.positionals[0] ?? "config.yaml";
    await checkOutput(file, [], ".yaml");
    if (!args.flag("force") && await exists(file)) {
      throw new InputError(
        `${file}: exists already; choose another name, or overwrite it with --force`,
      );
    }
    const training = `${callOf("train", context.call)} ${shellQuoted(file)}`;
    const images = args.text("images");
    if (images === undefined) {
      await writeFileAtomic(file, configTemplate());
      context.print(`Wrote ${file}. Train with it: ${training}`);
      context.emit({ file });
      return;
    }
    const { survey, recipe, timing, text } = await configForImages(images, file, context);
    await writeFileAtomic(file, text);
    const { classNames, sizes } = survey;
    context.print(
      `${images}: ${formatCount(sizes.train)} images for training and ` +
        `${formatCount(sizes.test)} for validation, in ${
          formatCount(classNames.length)
        } classes\n` +
        `Wrote ${file}. Train with it (about ${formatDuration(timing.seconds)}): ` +
        training,
    );
    context.emit({
      file,
      classes: classNames.length,
      ...sizes,
      ...recipe,
      expectedSeconds: timing.seconds,
    });
  },
};
