/** Weights from elsewhere that a config or a command names: where they are, and into the model. */

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
 * The file of the weights that a config starts from, published ones downloaded; undefined where all
 * start anew.
 */
export async function locatePretrained(
  { config: { model: { pretrained, mirror } }, at }: ConfigFile,
  { progress }: Context,
): Promise<string | undefined> {
  if (pretrained === undefined) return undefined;
  // In full: nothing else says where a relative one was looked for.
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

/** Replaces a model's initial weights by those in the file that its config names. */
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

/** Takes weights from elsewhere into a model, and tells what of either is not in the other. */
export function adoptWeights(
  model: Module,
  state: ForeignState,
  options: AdoptOptions,
  { progress }: Context,
): void {
  const { leftOut, folded = [], replaced } = adoptState(model, state, options);
  if (leftOut.length > 0) {
    progress.print(`warning: ${state.path}: left out, as beside the model: ${someOf(leftOut)}`);
  }
  if (options.prefix === undefined && state.others && state.others.length > 0) {
    progress.print(
      `note: ${state.path}: took the weights at ${state.at || "its top"}; there are others at ` +
        `${someOf(state.others)}, which ${WRITTEN[options.form ?? "config"].prefix} can name`,
    );
  }
  if (folded.length > 0) {
    progress.print(
      `note: ${state.path}: ${formatNumberOf(folded.length, "batch norm")} (${
        someOf(folded, 3)
      }) ` +
        "folded into the convolutions; they begin with mean 0, variance 1 and scale 1, and what the " +
        "network computes stays. Training moves them, unless they are named in training.freeze",
    );
  }
  if (!replaced) return;
  const { layer, classes } = replaced;
  const theirs = classes === undefined
    ? "has no such layer"
    : `tells ${formatCount(classes)} apart`;
  const [own] = model.namedParameters().get(`${layer}.weight`)?.shape ?? [];
  progress.print(
    `note: ${layer} starts anew, for ${formatCount(own)} classes; ${state.path} ${theirs}`,
  );
}
