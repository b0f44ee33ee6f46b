/** `overfold calibrate`: a temperature that makes a folded network's probabilities true. */

import { runsWithin } from "../comparison/read_runs.ts";
import { InputError } from "../errors.ts";
import { exists } from "../files/exists.ts";
import { checkPlace } from "../files/place.ts";
import { requireFiniteWeights } from "../networks/finite.ts";
import { networkProgram } from "../networks/network.ts";
import { readFoldedNetwork, writeFoldedNetwork } from "../networks/network_file.ts";
import { formatCount, formatNumberOf, formatPercent, formatTable } from "../reporting/format.ts";
import { calibrateNetwork, type CalibrationFigures } from "../training/calibrate.ts";
import { runFile } from "../training/run_files.ts";
import { backendOption, chosenBackend, openChosen } from "./backend.ts";
import { callOf, shellQuoted } from "./calls.ts";
import type { Command } from "./command.ts";
import { imagesOptions, loadValidationImages } from "./validation_images.ts";

/** `calibrate RUN`. */
export const command: Command = {
  positionals: [{ name: "RUN", help: "A run's folder, or a folded network" }],
  options: {
    reset: { help: "Take the temperature out of the file again; needs no images" },
    ...imagesOptions,
    backend: backendOption("that of the config"),
  },
  details:
    "Divides the network's logits by one number, the temperature, so that what it is sure of to 90 %\n" +
    "is right nine times out of ten. The temperature is the one at which the classes of the validation\n" +
    "images are most likely; no prediction changes, only how sure the network is of it. Told are the\n" +
    "loss and the expected calibration error: the mean distance of accuracy from confidence in 15 bins\n" +
    "of confidence, weighted by their images. The temperature is kept in the file of the folded\n" +
    "network, where predict, eval, site and export find it; calibrating anew replaces it, and --reset\n" +
    "takes it out. Images are chosen as in `overfold eval`.",
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
          : `taken out of ${path}: temperature ${temperature.toFixed(4)}`,
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
        onProgress: (done) =>
          context.progress.update(() =>
            `evaluated ${formatCount(done)} of ${formatNumberOf(validation.count, "image")}`
          ),
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
      `kept in ${path}`,
    ].join("\n\n"));
    const reset = `${callOf("calibrate", context.call)} ${shellQuoted(path)} --reset`;
    const warning = describeGrownError(before, after, reset);
    if (warning !== undefined) context.progress.print(`warning: ${warning}`);
    context.emit({ temperature, count, before, after, output: path });
  },
};

/**
 * That a temperature makes the calibration error larger: it is fitted to the loss. Undefined if it
 * does not.
 *
 * @param reset the command that takes it out again
 */
export function describeGrownError(
  { expectedCalibrationError: before }: CalibrationFigures,
  { expectedCalibrationError: after }: CalibrationFigures,
  reset: string,
): string | undefined {
  if (after <= before) return undefined;
  return `the temperature makes the loss less, but the calibration error larger (${
    formatPercent(before)
  } to ${formatPercent(after)}); to take it out again: ${reset}`;
}

/** The file of a folded network: that of the run in a folder, or the path itself. */
async function foldedNetworkOf(path: string): Promise<string> {
  const isFolder = (await Deno.stat(path).catch(() => undefined))?.isDirectory;
  if (!isFolder) return path;
  const folded = runFile(path, "folded");
  if (await exists(folded)) return folded;
  const [run, ...others] = await runsWithin(path);
  if (run !== undefined && !await exists(runFile(path, "last"))) {
    const held = others.length === 0 ? "a run" : formatNumberOf(others.length + 1, "run");
    throw new InputError(
      `${path} is the folder of no run: it holds ${held}; name one, such as ${run}`,
    );
  }
  throw new InputError(
    `${path}: found no ${folded}, the folded network that a training leaves at its end; name a ` +
      "folded network, or fold a checkpoint of the run: overfold fold " +
      runFile(path, "best"),
  );
}
