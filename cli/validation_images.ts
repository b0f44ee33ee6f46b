/** The images to evaluate a trained network on: those its run was validated on, or a config's. */

import { dirname, join } from "@std/path";
import type { LoadedNetwork } from "../checkpoints/load.ts";
import { type ConfigFile, loadConfig, parseStored } from "../config/load.ts";
import type { DatasetInfo } from "../datasets/dataset.ts";
import type { ImageSource } from "../datasets/image_source.ts";
import { InputError } from "../errors.ts";
import { exists } from "../files/exists.ts";
import { spellName } from "../reporting/controls.ts";
import { formatCount, formatNumberOf } from "../reporting/format.ts";
import type { Progress } from "../reporting/progress.ts";
import { type Arguments, type Context, type Option, setOption } from "./command.ts";
import { loadImages } from "./load_data.ts";
import { readConfig } from "./prepare.ts";

/** A network to evaluate. */
type EvaluatedFile = Pick<LoadedNetwork, "description" | "checkpoint">;

/** The options that choose the images. */
export const imagesOptions: Readonly<Record<"config" | "set", Option>> = {
  config: {
    value: "CONFIG",
    help: "Config that names the images; by default that of the network's run",
  },
  set: setOption("that config", "data.root=DIR"),
};

/** The images of an evaluation. */
export interface ValidationImages {
  readonly file: ConfigFile;
  readonly info: DatasetInfo;
  readonly validation: ImageSource;
}

/**
 * The validation images of the config that `--config` names, or else of the network's own. Throws
 * InputError if there are none or they do not fit the network, and, for the network's own config, if
 * they would have to be downloaded or are in a place that the user has not named.
 *
 * @param path the network's file
 * @param download whether images may be downloaded for a config that the user named
 */
export async function loadValidationImages(
  path: string,
  network: EvaluatedFile,
  args: Arguments,
  context: Context,
  download = true,
): Promise<ValidationImages> {
  // The network's own config is untrusted: nothing is downloaded for it.
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

/** Shows the progress of an evaluation of `count` images. */
export function evaluating(count: number, progress: Progress): (done: number) => void {
  const all = formatNumberOf(count, "image");
  return (done) => progress.update(() => `evaluated ${formatCount(done)} of ${all}`);
}

/** Warns of images that could not be read. */
export function warnOfReplaced(images: ImageSource, progress: Progress): void {
  for (const line of images.complaints?.() ?? []) {
    progress.print(`warning: ${spellName(line)}; replaced by another image of its class`);
  }
}

/** The given config, that in the checkpoint, or that of the run's folder with the folded network. */
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
  const inFolder = join(dirname(path), "..", "config.yaml");
  if (!await exists(inFolder)) {
    throw new InputError(
      `${path}: does not record which images the network was validated on, and is not in the folder of ` +
        "a run; name a config with these images by --config CONFIG",
    );
  }
  return await loadConfig(inFolder, { ...options, isForeign: true });
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
      `${path} takes images of ${expected}; those of ${info.name} are ${found}; use --config to ` +
        "name a config with matching images",
    );
  }
}
