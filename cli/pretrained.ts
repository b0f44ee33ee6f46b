/** Locates weights from elsewhere that a config or a command names, and loads them into the model. */

import { resolve } from "@std/path";
import type { ConfigFile } from "../config/load.ts";
import { InputError } from "../errors.ts";
import { exists } from "../files/exists.ts";
import { fromHome } from "../files/home.ts";
import type { Module } from "../layers/module.ts";
import { formatCount, formatNumberOf, someOf } from "../reporting/format.ts";
import {
  type AdoptOptions,
  adoptState,
  type ForeignState,
  readForeignState,
} from "../weights/import.ts";
import { WRITTEN } from "../weights/misfit.ts";
import { adviceForName, isPublished, locateWeights } from "../weights/published_weights.ts";
import type { Context } from "./command.ts";
import { downloadLine } from "./load_data.ts";

/**
 * The file of the weights that a config starts from, downloaded if published; undefined if all weights
 * are initialized.
 */
export async function locatePretrained(
  { config: { model: { pretrained, mirror } }, at }: ConfigFile,
  { progress }: Context,
): Promise<string | undefined> {
  if (pretrained === undefined) return undefined;
  // The full path: nothing else reveals the folder of a relative one.
  if (!isPublished(pretrained)) {
    const path = resolve(fromHome(pretrained));
    const advice = adviceForName(pretrained);
    if (advice === undefined || await exists(path)) return path;
    return await at("model.pretrained", () => {
      throw new InputError(`${path}: no such file; ${advice}`);
    });
  }
  const path = await at("model.pretrained", () =>
    locateWeights(pretrained, {
      ...(mirror === undefined ? {} : { mirror }),
      onProgress: (done) => progress.update(() => downloadLine(done)),
      onNotice: (line) => progress.print(line),
    }));
  progress.finish();
  return path;
}

/** Replaces a model's initial weights with those in the file that its config names. */
export async function adoptPretrained(
  model: Module,
  path: string,
  { config: { model: { replaceClassifier, prefix, ignore } }, at }: ConfigFile,
  context: Context,
): Promise<void> {
  const options = { replaceClassifier: replaceClassifier ?? "auto", prefix, ignore } as const;
  await at("model", async () => {
    try {
      adoptWeights(model, await readForeignState(path, prefix), options, context);
    } catch (error) {
      if (!(error instanceof InputError) || error.at) throw error;
      throw new InputError(error.message, { at: ["pretrained"], cause: error });
    }
  });
}

/** Loads weights from elsewhere into a model, and reports what either of them lacks. */
export function adoptWeights(
  model: Module,
  state: ForeignState,
  options: AdoptOptions,
  { progress }: Context,
): void {
  const { leftOut, folded = [], replaced } = adoptState(model, state, options);
  if (leftOut.length > 0) {
    progress.print(
      `warning: ${state.path}: left out, because not in the model: ${someOf(leftOut)}`,
    );
  }
  if (options.prefix === undefined && state.others && state.others.length > 0) {
    progress.print(
      `note: ${state.path}: used the weights at ${
        state.at || "its top level"
      }; there are others at ` +
        `${someOf(state.others)}, which ${WRITTEN[options.form ?? "config"].prefix} can select`,
    );
  }
  if (folded.length > 0) {
    progress.print(
      `note: ${state.path}: ${formatNumberOf(folded.length, "batch norm")} (${
        someOf(folded, 3)
      }) ` +
        "folded into the convolutions; they start with mean 0, variance 1 and scale 1, and the " +
        "network computes the same. Training changes them, unless training.freeze names them",
    );
  }
  if (!replaced) return;
  const { layer, classes } = replaced;
  const theirs = classes === undefined ? "has no such layer" : `has ${formatCount(classes)}`;
  const [own] = model.namedParameters().get(`${layer}.weight`)?.shape ?? [];
  progress.print(
    `note: ${layer} is initialized, for ${formatCount(own)} classes; ${state.path} ${theirs}`,
  );
}
