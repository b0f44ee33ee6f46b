/** `overfold inspect`: shows the layers, sizes and memory of a network. */

import type { MemoryPlan } from "../backends/backend.ts";
import { type Architecture, readCheckpoint } from "../checkpoints/checkpoint.ts";
import { loadNetwork } from "../checkpoints/load.ts";
import { stringify } from "yaml";
import type { NetworkDescription } from "../networks/network.ts";
import type { OpenDataset } from "../datasets/dataset.ts";
import { imageSize } from "../datasets/image_source.ts";
import { firstOf } from "../datasets/split.ts";
import { type ConfigFile, parseStored } from "../config/load.ts";
import { InputError } from "../errors.ts";
import { type Preset, type PresetName, presetOf } from "../datasets/presets.ts";
import { networkOrConfig } from "../files/read_wanted.ts";
import { buildModel } from "../models/registry.ts";
import {
  type ModelSummary,
  type NetworkSummary,
  summarizeModel,
  summarizeNetwork,
} from "../models/summary.ts";
import { formatBytes, formatCount, formatSi, formatTable } from "../reporting/format.ts";
import type { SplitCounts } from "../training/programs.ts";
import { describeArchitecture } from "./architecture.ts";
import { openChosen } from "./backend.ts";
import { drawBatch } from "./batch_picture.ts";
import { type Arguments, type Command, type Context, setOption } from "./command.ts";
import { cacheOf, countsOf, openImages } from "./load_data.ts";
import { describePlan, type PlannedImages, planRun, type RunPlan } from "./memory_plan.ts";
import { checkOutput } from "./output.ts";
import {
  buildNetwork,
  checkLastBatch,
  planNetwork,
  programsOf,
  readConfig,
  recipeOf,
  shardSizeOf,
} from "./prepare.ts";

interface Subject {
  /** The config; absent for imported weights, which have no recipe. */
  readonly file?: ConfigFile;
  readonly architecture: Architecture;
  readonly description: NetworkDescription;
  /** The images of the config; absent if a network is inspected. */
  readonly images?: OpenDataset;
}

interface Inspected {
  readonly name: string;
  /** With the kind of its convolutions, unless it is folded. */
  readonly title?: string;
  readonly summary: NetworkSummary | ModelSummary;
  readonly memory?: MemoryPlan & { readonly batchSize: number; readonly shards: number };
  /** Memory of the whole process during training. */
  readonly run?: RunPlan;
  /** Contents of the config's augmentation preset. */
  readonly preset?: { readonly name: PresetName } & Preset;
  readonly drawing?: () => Promise<void>;
}

export const command: Command = {
  positionals: [{
    name: "FILE",
    help: "A config, a checkpoint or a folded network",
  }],
  options: {
    set: setOption(),
    batch: { value: "FILE.png", help: "Draw the first training batch of a config" },
  },
  details:
    "Parameters are counted in training and after folding; MACs are multiply-accumulate operations per\n" +
    "image after folding. The second table compares the inference programs.",
  async run(args, context) {
    const sheet = args.text("batch");
    if (sheet !== undefined) await checkOutput(sheet, args.positionals, ".png");
    const { name, title = name, summary, memory, run, preset, drawing } = await inspected(
      args,
      context,
    );
    const { layers, forms, inexact, ...totals } = summary;
    const training = "trainingParameters" in summary ? ["training"] : [];
    const trained = (counted: object) =>
      "trainingParameters" in counted ? [formatCount(Number(counted.trainingParameters))] : [];
    context.print(formatTable([
      ["layer", "kind", "output", ...training, "folded", "MACs"],
      ...layers.map((layer) => [
        layer.path,
        layer.kind,
        layer.outputShape.join("x"),
        ...trained(layer),
        formatCount(layer.foldedParameters),
        layer.macs === 0 ? "" : formatSi(layer.macs),
      ]),
      [
        "total",
        title,
        "",
        ...trained(totals),
        formatCount(totals.foldedParameters),
        formatSi(totals.macs),
      ],
    ], ["left", "left", "left", ...training.map(() => "right" as const), "right", "right"]));
    context.print(formatTable([
      ["inference", "operations", "numbers", "bytes", "MACs"],
      ...forms.map(({ form, nodes, numbers, bytes, macs }) => [
        FORMS[form],
        formatCount(nodes),
        formatCount(numbers),
        formatBytes(bytes),
        formatSi(macs),
      ]),
    ], ["left", "right", "right", "right", "right"]));
    for (const [first, second] of inexact) {
      context.print(
        `${first} and ${second} in sequence stay separate: beyond the border ${second} sees zeros, one ` +
          `convolution the result of ${first} there; pad ${first} instead, or leave its bias out`,
      );
    }
    if (preset) context.print(describePreset(preset));
    if (memory) {
      context.print(
        `memory to train, batch ${memory.batchSize}${
          memory.shards === 1
            ? ""
            : ` in ${memory.shards} shards of ${memory.batchSize / memory.shards}`
        }: ${formatBytes(memory.totalBytes)} ` +
          `(${formatBytes(memory.variableBytes)} parameters and optimizer state, ` +
          `${formatBytes(memory.temporaryBytes)} activations, gradients and scratch)`,
      );
    }
    if (run) context.print(describePlan(run));
    await drawing?.();
    context.emit({
      model: name,
      ...totals,
      forms,
      ...(memory ? { memory } : {}),
      ...(run ? { runMemory: run.memory } : {}),
      ...(preset ? { preset } : {}),
      layers,
    });
  },
};

const FORMS = {
  training: "in training",
  folded: "folded",
  foldedBatchNorm: "with batch norms folded",
} as const;

/** A preset in the form of a config. */
function describePreset({ name, train, augmentation, mixing }: NonNullable<Inspected["preset"]>) {
  const held = { ...(train ? { train } : {}), augmentation, ...(mixing ? { mixing } : {}) };
  return `data.augmentation: ${name} is\n${stringify({ data: held }).trimEnd()}`;
}

/** The result; for a config also the memory to train with. */
async function inspected(args: Arguments, context: Context): Promise<Inspected> {
  const [path] = args.positionals;
  const isNetwork = await networkOrConfig(path) === "network";
  if (isNetwork) {
    if (args.text("batch") !== undefined) {
      throw new InputError(`--batch draws the training images of a config; ${path} is a network`);
    }
    const network = await loadNetwork(path);
    if (!network.checkpoint) {
      const [set] = args.texts("set");
      if (set !== undefined) throw new InputError(`--set ${set}: ${path} has no config`);
      return { name: network.description.model, summary: summarizeNetwork(network.program(1)) };
    }
  }
  const { file, architecture, description, images } = await subjectOf(isNetwork, args, context);
  const model = file
    ? buildNetwork(file, architecture)
    : buildModel(architecture.name, architecture.options);
  const summary = summarizeModel(model, description);
  const named = { name: architecture.name, title: describeArchitecture(architecture), summary };
  if (!file) return named;
  const { data } = file.config;
  const { batchSize, evalBatchSize } = data;
  const backend = await openChosen(file.config, context);
  const counts = images
    ? countsOf(data, images.info)
    : { train: batchSize, validation: evalBatchSize };
  const programs = programsOf(file, model, description, counts);
  const run = images && planRun(file, backend, programs, model, await splitsOf(images, counts));
  const memory = {
    ...run?.programs ?? backend.plan(programs),
    batchSize,
    shards: batchSize / shardSizeOf(file),
  };
  const sheet = args.text("batch");
  const drawing = sheet === undefined
    ? undefined
    : () => drawBatch(file, description, backend, sheet, context);
  const preset = typeof data.augmentation === "string"
    ? { name: data.augmentation, ...presetOf(data.augmentation, description.input, data.eval) }
    : undefined;
  return { ...named, memory, run, preset, drawing };
}

async function subjectOf(
  isNetwork: boolean,
  args: Arguments,
  context: Context,
): Promise<Subject> {
  const [path] = args.positionals;
  const set = args.texts("set");
  if (isNetwork) {
    const { config, architecture, description } = await readCheckpoint(path);
    const unfit = config
      ? set.find((assignment) => /^(model|data\.dataset)\b/.test(assignment))
      : set[0];
    if (unfit !== undefined) {
      throw new InputError(
        config
          ? `--set ${unfit}: the network of a checkpoint cannot be changed; inspect a config instead`
          : `--set ${unfit}: ${path} has no config`,
      );
    }
    return {
      ...(config ? { file: parseStored(config, path, { set }) } : {}),
      architecture,
      description,
    };
  }
  const file = await readConfig(path, args, context);
  const { data } = file.config;
  // A disk cache takes little memory, and opening it would write to the disk.
  const cache = cacheOf(data) === "memory" ? { pictureCache: data.cache } : {};
  const images = await openImages(file, { scan: false, ...cache });
  const { architecture, description } = await planNetwork(file, images.info);
  const recipe = recipeOf(file, buildNetwork(file, architecture), description);
  checkLastBatch(file, recipe, description, countsOf(data, images.info).train);
  return { file, architecture, description, images };
}

/** What is known of the images; image datasets without files of their own are not loaded for it. */
async function splitsOf(
  { info: { imageShape: shape, sizes }, isOfFiles, load }: OpenDataset,
  counts: SplitCounts,
): Promise<PlannedImages> {
  if (isOfFiles) {
    const { train, test } = await load();
    return {
      train: firstOf(train, counts.train),
      validation: firstOf(test, counts.validation),
    };
  }
  const split = (count = 0) => ({ count, shape, handle: { kind: "memory" } });
  return {
    train: split(counts.train),
    validation: split(counts.validation),
    bytes: (sizes.train + sizes.test) * imageSize(shape),
  };
}
