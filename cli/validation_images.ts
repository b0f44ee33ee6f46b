/** The images that a trained network is evaluated on: those its run was validated on, or a config's. */

import { dirname, join } from "@std/path";
import type { LoadedNetwork } from "../checkpoints/load.ts";
import { type ConfigFile, loadConfig, parseStored } from "../config/load.ts";
import type { DatasetInfo } from "../datasets/dataset.ts";
import type { ImageSource } from "../datasets/image_source.ts";
import { InputError } from "../errors.ts";
import { type Arguments, type Context, type Option, setOption } from "./command.ts";
import { loadImages } from "./load_data.ts";
import { readConfig } from "./prepare.ts";

/** A network that is evaluated. */
type EvaluatedFile = Pick<LoadedNetwork, "description" | "checkpoint">;

/** The options that say which images. */
export const imagesOptions: Readonly<Record<"config" | "set", Option>> = {
  config: {
    value: "CONFIG",
    help: "Config that names the images; by default the one of the network's run",
  },
  set: setOption("that config", "data.root=DIR"),
};

/** What a network is evaluated on. */
export interface ValidationImages {
  readonly file: ConfigFile;
  readonly info: DatasetInfo;
  readonly validation: ImageSource;
}

/**
 * The validation images of the config that `--config` names, or else of the network's own. Throws
 * InputError where there is none, for images that do not fit the network and, of a config that nobody
 * has named, for ones that would have to be fetched or are in a place that nobody has named.
 *
 * @param path the network's file
 * @param download whether images may be fetched for a config that is named
 */
export async function loadValidationImages(
  path: string,
  network: EvaluatedFile,
  args: Arguments,
  context: Context,
  download = true,
): Promise<ValidationImages> {
  // Nobody has named the images that a network says it was trained on: nothing is fetched for it.
  const isNamed = args.text("config") !== undefined;
  if (!isNamed) await Deno.permissions.revoke({ name: "net" });
  const file = await configOf(path, network, args, context);
  const { info, validation } = await loadImages(file, context, {
    isNamed,
    download: isNamed && download,
    set: args.texts("set"),
    check: (info) => checkImages(path, network, info),
  });
  return { file, info, validation };
}

/** The given config, that in the checkpoint, or that of the run's folder a folded network is in. */
async function configOf(
  path: string,
  { checkpoint }: EvaluatedFile,
  args: Arguments,
  context: Context,
): Promise<ConfigFile> {
  const given = args.text("config");
  if (given !== undefined) return await readConfig(given, args, context);
  const options = {
    set: args.texts("set"),
    onHint: (line: string) => context.progress.print(line),
  };
  if (checkpoint?.config) return parseStored(checkpoint.config, path, options);
  const beside = join(dirname(path), "..", "config.yaml");
  try {
    await Deno.stat(beside);
  } catch {
    throw new InputError(
      `${path}: does not say which images the network was validated on, and is not in the folder of ` +
        "a run; name a config that does with --config CONFIG",
    );
  }
  return await loadConfig(beside, { ...options, isForeign: true });
}

function checkImages(
  path: string,
  { description: { input, classNames } }: EvaluatedFile,
  info: DatasetInfo,
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
