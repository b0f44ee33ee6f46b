/** `overfold eval`: loss and accuracy of a checkpoint or a folded network. */

import { basename, dirname, join } from "@std/path";
import { type LoadedNetwork, loadNetwork } from "../checkpoints/load.ts";
import { type ConfigFile, loadConfig, parseStored } from "../config/load.ts";
import { InputError } from "../errors.ts";
import { formatCount, formatPercent, formatTable } from "../reporting/format.ts";
import { ConfusionMatrix } from "../training/confusion.ts";
import { evaluateNetwork } from "../training/evaluate.ts";
import { backendOption, chosenBackend, openChosen } from "./backend.ts";
import type { Arguments, Command, Context } from "./command.ts";
import { checkConfusionFiles, writeConfusion } from "./confusion_files.ts";
import { loadImages, readConfig } from "./prepare.ts";

/** Classes and confusions that are printed; files and JSON have all. */
const SHOWN_CLASSES = 20;
const SHOWN_CONFUSIONS = 10;

/** `eval CHECKPOINT`. */
export const command: Command = {
  positionals: [{ name: "CHECKPOINT", help: "A checkpoint, or a folded network" }],
  options: {
    config: {
      value: "CONFIG",
      help: "Config that names the images; by default the one of the network's run",
    },
    set: {
      value: "KEY=VALUE",
      repeated: true,
      help: "Override one key of that config, such as data.root=DIR",
    },
    confusion: {
      value: "FILE",
      repeated: true,
      help: "Write the confusion matrix: numbers to a .csv file, a picture to a .html one",
    },
    backend: backendOption("that of the config"),
  },
  details:
    "Evaluates on the validation images of the config, in inference mode, and tells how well each\n" +
    "class is recognised and which are taken for which.",
  async run(args, context) {
    const [path] = args.positionals;
    const files = args.texts("confusion");
    checkConfusionFiles(files);
    const network = await loadNetwork(path);
    const file = await configOf(path, network, args, context);
    const { config } = file;
    const { info, validation } = await loadImages(file, context);
    checkImages(path, network, info);
    const matrix = new ConfusionMatrix(network.description.classNames);
    const { loss, accuracy, count } = await evaluateNetwork(
      network,
      validation,
      await openChosen(chosenBackend(args, config), context),
      {
        batchSize: config.data.evalBatchSize,
        onProgress: (done) =>
          context.progress.update(() =>
            `evaluated ${formatCount(done)} of ${formatCount(validation.count)} images`
          ),
        onPrediction: (label, predicted) => matrix.add(label, predicted),
      },
    );
    context.progress.finish();
    const result = [
      `accuracy ${formatPercent(accuracy)}`,
      `loss ${loss.toFixed(4)}`,
      `${formatCount(count)} images`,
    ];
    context.print([result.join("  "), classTable(matrix), ...confusionTables(matrix)].join("\n\n"));
    const perClass = matrix.perClass();
    context.emit({ accuracy, loss, count, perClass, confusion: matrix.counts });
    const caption = { title: `${basename(path)} on ${info.name}`, result: result.join(", ") };
    for (const file of files) await writeConfusion(file, matrix, caption);
    if (files.length > 0) context.print(`\nconfusion matrix: ${files.join(", ")}`);
  },
};

/** Accuracy of each class; of many classes, those recognised worst. */
function classTable(matrix: ConfusionMatrix): string {
  const all = matrix.perClass();
  const few = all.length <= SHOWN_CLASSES;
  const shown = few ? all : all.filter(({ count }) => count > 0)
    .sort((a, b) => a.accuracy - b.accuracy).slice(0, SHOWN_CLASSES);
  const rows = shown.map(({ name, count, accuracy }) => [
    name,
    formatCount(count),
    count > 0 ? formatPercent(accuracy) : "–",
  ]);
  const heading = few ? "class" : `worst ${shown.length} of ${all.length} classes`;
  return formatTable([[heading, "images", "accuracy"], ...rows], ["left", "right", "right"]);
}

/** The most frequent confusions, if there are any. */
function confusionTables(matrix: ConfusionMatrix): string[] {
  const rows = matrix.confusions().slice(0, SHOWN_CONFUSIONS)
    .map(({ label, predicted, count, share }) => [
      label,
      predicted,
      formatCount(count),
      formatPercent(share),
    ]);
  if (rows.length === 0) return [];
  return [formatTable(
    [["most confused", "taken for", "images", "of the class"], ...rows],
    ["left", "left", "right", "right"],
  )];
}

/** The given config, that in the checkpoint, or that of the run's folder a folded network is in. */
async function configOf(
  path: string,
  { checkpoint }: LoadedNetwork,
  args: Arguments,
  context: Context,
): Promise<ConfigFile> {
  const set = args.texts("set");
  const given = args.text("config");
  if (given !== undefined) return await readConfig(given, args, context);
  if (checkpoint?.config) return parseStored(checkpoint.config, path, set);
  const beside = join(dirname(path), "..", "config.yaml");
  try {
    await Deno.stat(beside);
  } catch {
    throw new InputError(
      `${path}: does not say which images the network was validated on, and there is no ` +
        `${beside}; name a config that does with --config CONFIG`,
    );
  }
  return await loadConfig(beside, { set });
}

function checkImages(
  path: string,
  { description: { input, classNames } }: LoadedNetwork,
  info: {
    readonly name: string;
    readonly imageShape: typeof input;
    readonly classNames: readonly string[];
  },
): void {
  const shown = (shape: typeof input, classes: readonly string[]) =>
    `${shape.height}x${shape.width}x${shape.channels} in ${classes.length} classes`;
  const [expected, found] = [shown(input, classNames), shown(info.imageShape, info.classNames)];
  if (expected !== found) {
    throw new InputError(
      `${path} takes images of ${expected}; those of ${info.name} are ${found}; name a config ` +
        "with fitting images with --config",
    );
  }
}
