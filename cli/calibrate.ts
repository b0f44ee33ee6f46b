/** `overfold calibrate`: fits a temperature so that a folded network's confidence matches its accuracy. */

import { runsWithin } from "../comparison/read_runs.ts";
import { InputError } from "../errors.ts";
import { exists } from "../files/exists.ts";
import { checkPlace } from "../files/place.ts";
import { requireFiniteWeights } from "../networks/finite.ts";
import { networkProgram } from "../networks/network.ts";
import { readFoldedNetwork, writeFoldedNetwork } from "../networks/network_file.ts";
import { formatNumberOf, formatPercent, formatTable } from "../reporting/format.ts";
import { calibrateNetwork, type CalibrationFigures } from "../training/calibrate.ts";
import { runFile } from "../training/run_files.ts";
import { backendOption, chosenBackend, openChosen } from "./backend.ts";
import { callOf, type Command, shellQuoted } from "./command.ts";
import { evaluating, imagesOptions, loadValidationImages } from "./validation_images.ts";

export const command: Command = {
  positionals: [{ name: "RUN", help: "A run's folder, or a folded network" }],
  options: {
    reset: { help: "Remove the temperature from the file; needs no images" },
    ...imagesOptions,
    backend: backendOption("the config's"),
  },
  details:
    "Divides the network's logits by one number, the temperature, so that of the predictions made with\n" +
    "90 % confidence nine out of ten are right. The temperature is the one that makes the classes of the\n" +
    "validation images most likely; predictions stay the same, only their confidence changes. Prints the\n" +
    "loss and the expected calibration error: the mean distance between accuracy and confidence in 15\n" +
    "bins of confidence, weighted by their numbers of images. The temperature is stored in the folded\n" +
    "network's file, where predict, eval, site and export find it; calibrating again replaces it, and\n" +
    "--reset removes it. Images are chosen as in `overfold eval`.",
  async run(args, context) {
    const path = await foldedNetworkOf(args.positionals[0]);
    const network = await readFoldedNetwork(path);
    await checkPlace(path);
    if (args.flag("reset")) {
      const { temperature, ...description } = network.description;
      if (temperature !== undefined) await writeFoldedNetwork(path, { ...network, description });
      context.print(
        temperature === undefined
          ? `${path} has no temperature`
          : `removed from ${path}: temperature ${temperature.toFixed(4)}`,
      );
      context.emit({ temperature: null, output: path });
      return;
    }
    requireFiniteWeights(path, networkProgram(network, 1));
    const { file: { config }, validation } = await loadValidationImages(
      path,
      network,
      args,
      context,
    );
    const backend = await openChosen(chosenBackend(args, config), context);
    const { temperature, count, before, after } = await calibrateNetwork(
      network,
      validation,
      backend,
      {
        batchSize: config.data.evalBatchSize,
        onProgress: evaluating(validation.count, context.progress),
      },
    );
    context.progress.finish();
    const description = { ...network.description, temperature };
    await writeFoldedNetwork(path, { ...network, description });
    context.print([
      `temperature ${temperature.toFixed(4)}, fitted on ${formatNumberOf(count, "image")}`,
      formatTable([
        ["", "before", "after"],
        ["loss", before.loss.toFixed(4), after.loss.toFixed(4)],
        [
          "expected calibration error",
          formatPercent(before.expectedCalibrationError),
          formatPercent(after.expectedCalibrationError),
        ],
      ], ["left", "right", "right"]),
      `stored in ${path}`,
    ].join("\n\n"));
    const reset = `${callOf("calibrate", context.call)} ${shellQuoted(path)} --reset`;
    const warning = describeGrownError(before, after, reset);
    if (warning !== undefined) context.progress.print(`warning: ${warning}`);
    context.emit({ temperature, count, before, after, output: path });
  },
};

/**
 * Says that a temperature makes the calibration error larger (it is fitted to the loss), or undefined
 * if it does not.
 *
 * @param reset the command that removes it
 */
export function describeGrownError(
  { expectedCalibrationError: before }: CalibrationFigures,
  { expectedCalibrationError: after }: CalibrationFigures,
  reset: string,
): string | undefined {
  if (after <= before) return undefined;
  return `the temperature lowers the loss but raises the calibration error (${
    formatPercent(before)
  } to ${formatPercent(after)}); to remove it: ${reset}`;
}

/** The file of a folded network: the path itself, or the one of the run in that folder. */
async function foldedNetworkOf(path: string): Promise<string> {
  const isFolder = (await Deno.stat(path).catch(() => undefined))?.isDirectory;
  if (!isFolder) return path;
  const folded = runFile(path, "folded");
  if (await exists(folded)) return folded;
  const [run, ...others] = await runsWithin(path);
  if (run !== undefined && !await exists(runFile(path, "last"))) {
    const held = others.length === 0 ? "a run" : formatNumberOf(others.length + 1, "run");
    throw new InputError(
      `${path} is not the folder of a run but contains ${held}; name one, such as ${run}`,
    );
  }
  throw new InputError(
    `${path}: found no ${folded}, the folded network that a training writes at its end; name a ` +
      "folded network, or fold a checkpoint of the run: overfold fold " +
      runFile(path, "best"),
  );
}
