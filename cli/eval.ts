/** `overfold eval`: loss and accuracy of a checkpoint or a folded network. */

import { dirname, join } from "@std/path";
import { type LoadedNetwork, loadNetwork } from "../checkpoints/load.ts";
import { loadConfig, parseConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { InputError } from "../errors.ts";
import { formatCount, formatPercent } from "../reporting/format.ts";
import { evaluateNetwork } from "../training/evaluate.ts";
import { backendOption, chosenBackend, openChosen } from "./backend.ts";
import type { Arguments, Command } from "./command.ts";
import { loadImages } from "./prepare.ts";

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
    backend: backendOption("that of the config"),
  },
  details: "Evaluates on the validation images of the config, in inference mode.",
  async run(args, context) {
    const [path] = args.positionals;
    const network = await loadNetwork(path);
    const config = await configOf(path, network, args);
    const { info, validation } = await loadImages(config.data, context);
    checkImages(path, network, info);
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
      },
    );
    context.progress.finish();
    context.print(
      `accuracy ${formatPercent(accuracy)}  loss ${loss.toFixed(4)}  ${formatCount(count)} images`,
    );
    context.emit({ accuracy, loss, count });
  },
};

/** The given config, that in the checkpoint, or that of the run's folder a folded network is in. */
async function configOf(
  path: string,
  { checkpoint }: LoadedNetwork,
  args: Arguments,
): Promise<Config> {
  const set = args.texts("set");
  const given = args.text("config");
  if (given !== undefined) return await loadConfig(given, { set });
  if (checkpoint?.config) return parseConfig(JSON.stringify(checkpoint.config), path, { set });
  const beside = join(dirname(dirname(path)), "config.yaml");
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
