/** `overfold inspect`: the layers, sizes and memory of a network. */

import { type Architecture, readCheckpoint } from "../checkpoints/checkpoint.ts";
import type { NetworkDescription } from "../checkpoints/network.ts";
import { type ConfigFile, parseStored } from "../config/load.ts";
import { InputError } from "../errors.ts";
import { buildModel } from "../models/registry.ts";
import { summarizeModel } from "../models/summary.ts";
import { formatBytes, formatCount, formatSi, formatTable } from "../reporting/format.ts";
import { openChosen } from "./backend.ts";
import { type Arguments, type Command, type Context, setOption } from "./command.ts";
import { buildNetwork, planNetwork, programsOf, readConfig } from "./prepare.ts";

/** What is inspected. */
interface Subject {
  /** The config; absent for imported weights: they have no recipe. */
  readonly file?: ConfigFile;
  readonly architecture: Architecture;
  readonly description: NetworkDescription;
}

/** `inspect CONFIG|CHECKPOINT`. */
export const command: Command = {
  positionals: [{ name: "FILE", help: "A config (.yaml), or a checkpoint (.safetensors)" }],
  options: { set: setOption() },
  details:
    "Parameters are counted as they train and as they are once folded; MACs are multiply-accumulate\n" +
    "operations for one image, folded. The second table compares the programs that classify.",
  async run(args, context) {
    const { file, architecture, description } = await subjectOf(args, context);
    const config = file?.config;
    const model = file
      ? buildNetwork(file, architecture)
      : buildModel(architecture.name, architecture.options);
    const { layers, forms, ...totals } = summarizeModel(model, description);
    context.print(formatTable([
      ["layer", "kind", "output", "training", "folded", "MACs"],
      ...layers.map(({ path, kind, outputShape, trainingParameters, foldedParameters, macs }) => [
        path,
        kind,
        outputShape.join("x"),
        formatCount(trainingParameters),
        formatCount(foldedParameters),
        macs === 0 ? "" : formatSi(macs),
      ]),
      [
        "total",
        architecture.name,
        "",
        formatCount(totals.trainingParameters),
        formatCount(totals.foldedParameters),
        formatSi(totals.macs),
      ],
    ], ["left", "left", "left", "right", "right", "right"]));
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
    const memory = config && {
      ...(await openChosen(config, context)).plan(programsOf(file, model, description)),
      batchSize: config.data.batchSize,
    };
    if (memory) {
      context.print(
        `memory to train, batch ${memory.batchSize}: ${formatBytes(memory.totalBytes)} ` +
          `(${formatBytes(memory.variableBytes)} parameters and optimizer state, ` +
          `${formatBytes(memory.temporaryBytes)} activations, gradients and scratch)`,
      );
    }
    context.emit({
      model: architecture.name,
      ...totals,
      forms,
      ...(memory ? { memory } : {}),
      layers,
    });
  },
};

const FORMS = {
  training: "as it trains",
  folded: "folded",
  foldedBatchNorm: "batch norms folded too",
} as const;

async function subjectOf(args: Arguments, context: Context): Promise<Subject> {
  const [path] = args.positionals;
  const set = args.texts("set");
  if (path.endsWith(".safetensors")) {
    const { config, architecture, description } = await readCheckpoint(path);
    const unfit = config
      ? set.find((assignment) => /^(model|data\.dataset)\b/.test(assignment))
      : set[0];
    if (unfit !== undefined) {
      throw new InputError(
        config
          ? `--set ${unfit}: the network of a checkpoint is as it is; inspect a config to change it`
          : `--set ${unfit}: ${path} has no config`,
      );
    }
    return {
      ...(config ? { file: parseStored(config, path, set) } : {}),
      architecture,
      description,
    };
  }
  const file = await readConfig(path, args, context);
  return { file, ...await planNetwork(file) };
}
