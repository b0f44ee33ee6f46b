/** `overfold import`: creates a checkpoint from weights trained elsewhere. */

import { basename, extname, join } from "@std/path";
import { parse } from "yaml";
import { openBackend } from "../backends/registry.ts";
import { type Architecture, type Checkpoint, writeCheckpoint } from "../checkpoints/checkpoint.ts";
import {
  type AdoptOptions,
  type ForeignState,
  modelTensors,
  readForeignState,
} from "../weights/import.ts";
import { addressOf, isPublished } from "../weights/published_weights.ts";
import { requireFinite } from "../networks/finite.ts";
import type { NetworkDescription } from "../networks/network.ts";
import { START } from "../checkpoints/run_state.ts";
import type { Config } from "../config/schema.ts";
import { InputError } from "../errors.ts";
import {
  CONVOLUTIONS,
  type ConvolutionSpec,
  convolutionSpecSchema,
  recognizeConvolution,
} from "../layers/convolutions.ts";
import { readAtMost } from "../files/at_most.ts";
import { decodeText } from "../files/text.ts";
import { classifierOf } from "../models/classifier.ts";
import { inferenceProgram } from "../models/inference.ts";
import { buildModel, listModels } from "../models/registry.ts";
import { formatCount, someOf, wrapText } from "../reporting/format.ts";
import { mistakesOf } from "../schema/mistakes.ts";
import type { Arguments, Command, Context } from "./command.ts";
import { checkOutput } from "./output.ts";
import { planNetwork, readConfig } from "./prepare.ts";
import { adoptWeights } from "./pretrained.ts";

/** Statistics used by torchvision's and most of timm's weights. */
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** Kinds of convolution; plain kernels unfold into the over-parameterized ones. */
const NAMES = Object.keys(CONVOLUTIONS);

/** Most bytes of a file of class names. */
const MAX_NAMES = 2 ** 20;

/** Height and width for --model by default. */
const INPUT_SIZE = 224;

/** What --model assumes about the network where an option does not say it: weights do not tell. */
const ASSUMED = {
  "input-size": `images of ${INPUT_SIZE}x${INPUT_SIZE}`,
  mean: "ImageNet's means",
  std: "ImageNet's deviations",
  "class-names": "numbers as class names",
} as const;

/** The network of a checkpoint. */
interface Target {
  readonly architecture: Architecture;
  readonly description: NetworkDescription;
  readonly config?: Config;
}

export const command: Command = {
  positionals: [{ name: "FILE", help: "Weights: .safetensors, PyTorch's own (.pth), or .onnx" }],
  options: {
    config: { value: "CONFIG", help: "Config of the network the weights are for" },
    set: { value: "KEY=VALUE", repeated: true, help: "Override one key of that config" },
    model: {
      value: "NAME",
      help: "Instead of a config: the name of a model, such as resnet18",
    },
    convolution: {
      value: "KIND",
      help: "With --model: kind of convolution, or YAML; by default that of FILE",
    },
    "input-size": {
      value: "PIXELS",
      help: `With --model: height and width; ${INPUT_SIZE} by default`,
    },
    mean: {
      value: "R,G,B",
      help: "With --model: channel means, divided by 255; by default ImageNet's",
    },
    std: { value: "R,G,B", help: "With --model: channel standard deviations, likewise" },
    prefix: {
      value: "NAME",
      help: "Prefix of the model's names in FILE, as model.prefix in a config",
    },
    ignore: {
      value: "NAME",
      repeated: true,
      help: "Layers to initialize instead, as model.ignore in a config; repeatable",
    },
    "class-names": { value: "TXT", help: "With --model: a text file with one class per line" },
    output: {
      value: "CHECKPOINT",
      help: "File to write; by default runs/NAME/checkpoints/imported.safetensors",
    },
  },
  details:
    "Reads torchvision's and timm's names in safetensors and in torch.save files (only as data: no code\n" +
    "in them runs), the DO-Conv authors' state (W, D, d_diag) and the initializers of ONNX files. Plain\n" +
    "kernels unfold into DO-Conv layers (W the kernel, D zero): the network computes the same, and\n" +
    "can be trained further over-parameterized. To start a training from such a file without importing\n" +
    "it, name it in a config: model.pretrained. A model with options, or for another objective, needs a\n" +
    "config: --config.\n" +
    `Kinds of convolution: ${NAMES.join(", ")}.\n` +
    wrapText(`Models: ${listModels().filter((name) => name !== "layers").join(", ")}`, 100).join(
      "\n",
    ),
  async run(args, context) {
    const [path] = args.positionals;
    if (isPublished(path)) {
      throw new InputError(
        `${path}: import downloads nothing: download ${
          addressOf(path)
        } and name the file, or name the ` +
          "weights in a config (model.pretrained), and the training downloads them",
      );
    }
    const output = args.text("output") ??
      join("runs", basename(path, extname(path)), "checkpoints", "imported.safetensors");
    const inputs = ["config", "class-names"].flatMap((option) => args.text(option) ?? []);
    await checkOutput(output, [path, ...inputs], ".safetensors");
    const options: AdoptOptions = {
      prefix: args.text("prefix"),
      ignore: args.texts("ignore"),
      form: "arguments",
    };
    const state = await readForeignState(path, options.prefix);
    const { architecture, description, config } = await targetOf(args, state, context);
    const model = buildModel(architecture.name, architecture.options);
    model.initialize(0);
    adoptWeights(model, state, options, context);
    const backend = await openBackend({ backend: "cpu" });
    await requireFinite(path, inferenceProgram(model, description, 1), backend);
    const tensors = model.stateDict();
    const checkpoint: Checkpoint = {
      architecture,
      description,
      config: config ?? null,
      seed: 0,
      backend: { name: "import", threads: 1, description: `imported from ${basename(path)}` },
      state: START,
      metricsBytes: 0,
      tensors: { model: tensors, optimizer: new Map() },
    };
    await writeCheckpoint(output, checkpoint);
    context.print(
      `imported: ${output}, ${architecture.name} with ${formatCount(tensors.size)} tensors and ` +
        `${formatCount(description.classNames.length)} classes`,
    );
    context.emit({ output, model: architecture.name, tensors: tensors.size });
  },
};

async function targetOf(
  args: Arguments,
  state: ForeignState,
  context: Context,
): Promise<Target> {
  const [file, name] = [args.text("config"), args.text("model")];
  if ((file === undefined) === (name === undefined)) {
    throw new InputError("overfold import: give exactly one of --config and --model");
  }
  const foreign = file === undefined
    ? ["set"]
    : ["convolution", "input-size", "mean", "std", "class-names"];
  const unfit = foreign.find((option) => args.text(option) ?? args.texts(option).at(0));
  if (unfit !== undefined) {
    throw new InputError(`--${unfit} needs --${file === undefined ? "config" : "model"}`);
  }
  if (file !== undefined) {
    const read = await readConfig(file, args, context);
    return { ...await planNetwork(read), config: read.config };
  }
  const target = await namedTarget(name ?? "", args, state);
  const assumed = Object.entries(ASSUMED).filter(([option]) => args.text(option) === undefined)
    .map(([option, what]) => `${what} (--${option})`);
  if (assumed.length > 0) context.progress.print(`note: assumes ${assumed.join(", ")}`);
  return target;
}

/** A model by name, with as many classes as the file's classifier. */
async function namedTarget(name: string, args: Arguments, state: ForeignState): Promise<Target> {
  const mean = numbersOf(args, "mean") ?? IMAGENET.mean;
  const std = numbersOf(args, "std") ?? IMAGENET.std;
  if (mean.length !== std.length) {
    throw new InputError(
      `found ${mean.length} means and ${std.length} deviations, expected one of each per channel: ` +
        "give both --mean and --std",
    );
  }
  const isFraction = (value: number) => value >= 0 && value <= 1;
  if (!mean.every(isFraction)) {
    throw new InputError(
      `--mean: found ${mean.join(", ")}, expected values divided by 255, from 0 to 1`,
    );
  }
  if (!std.every((value) => isFraction(value) && value > 0)) {
    throw new InputError(
      `--std: found ${std.join(", ")}, expected values divided by 255, above 0 and at most 1`,
    );
  }
  const names = [...state.tensors.keys()];
  const convolution = convolutionOf(args, names);
  const size = args.integer("input-size") ?? INPUT_SIZE;
  const options = {
    inputChannels: mean.length,
    inputSize: [size, size] as const,
    convolution,
  };
  const model = buildModel(name, { ...options, classes: 2 });
  const layer = classifierOf(model);
  if (layer === undefined) {
    throw new InputError(`${name}: the model has no fully connected layer as classifier`);
  }
  const classifier = `${layer}.weight`;
  const { tensors } = modelTensors(model, state, args.text("prefix"));
  const classes = tensors.get(classifier)?.shape[0];
  if (classes === undefined) {
    throw new InputError(
      `${state.path}: there is no tensor ${classifier}, which determines the number of classes of ${name}; ` +
        `found ${someOf(names)}`,
    );
  }
  return {
    architecture: { name, options: { ...options, classes } },
    description: {
      model: name,
      input: { height: size, width: size, channels: mean.length },
      normalization: { mean, std },
      classNames: await classNamesOf(args, classes),
    },
  };
}

/** The kind given by the option, with the options that the file implies, or else the file's kind. */
function convolutionOf(args: Arguments, tensors: readonly string[]): ConvolutionSpec {
  const found = recognizeConvolution(tensors);
  const wanted = args.text("convolution");
  if (wanted === undefined || wanted === (typeof found === "string" ? found : found.name)) {
    return found;
  }
  let choice: unknown;
  try {
    choice = parse(wanted);
  } catch (error) {
    throw new InputError(`--convolution: not valid YAML: ${(error as Error).message}`);
  }
  const result = convolutionSpecSchema.safeParse(choice);
  if (result.success) return result.data;
  const mistakes = mistakesOf(convolutionSpecSchema, choice);
  throw new InputError(
    mistakes.map(({ path, text }) => `${["--convolution", ...path].join(".")}: ${text}`).join("\n"),
  );
}

function numbersOf(args: Arguments, name: string): number[] | undefined {
  const text = args.text(name);
  if (text === undefined) return undefined;
  const numbers = text.split(",").map((part) => part.trim() === "" ? NaN : Number(part));
  if (!numbers.every(Number.isFinite)) {
    throw new InputError(`--${name}: found "${text}", expected numbers separated by commas`);
  }
  return numbers;
}

async function classNamesOf(args: Arguments, classes: number): Promise<string[]> {
  const file = args.text("class-names");
  if (file === undefined) return Array.from({ length: classes }, (_, i) => `${i}`);
  let bytes: Uint8Array;
  try {
    bytes = await readAtMost((await Deno.open(file)).readable, MAX_NAMES);
  } catch (error) {
    throw new InputError(`${file}: cannot be read: ${(error as Error).message}`);
  }
  const text = decodeText(bytes, file, "one class per line");
  const names = text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "");
  if (names.length !== classes) {
    throw new InputError(
      `${file}: found ${names.length} names; the weights have ${classes} classes`,
    );
  }
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new InputError(`${file}: found "${twice}" twice; expected unique names`);
  }
  return names;
}
