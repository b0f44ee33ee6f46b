/** Measures how long a config of image files trains on this machine. */

import type { ConfigFile } from "../config/load.ts";
import { BatchLoader } from "../datasets/loader.ts";
import { changedInput } from "../training/image_input.ts";
import { openChosen } from "./backend.ts";
import { trainingOf } from "./bench_subjects.ts";
import type { Context } from "./command.ts";
import type { ImagesTiming } from "./images_recipe.ts";
import { openImages } from "./load_data.ts";
import { buildNetwork, planNetwork, recipeOf } from "./prepare.ts";

/** Steps before those that are timed, and milliseconds after which timing stops. */
const WARM_UP_STEPS = 3;
const ENOUGH = 2000;
/** Time to validate an image, relative to training on it. */
const VALIDATING = 1 / 3;

/** Trains and decodes for a few seconds each; skips what cannot be read. */
export async function timeImages(file: ConfigFile, context: Context): Promise<ImagesTiming> {
  const { config: { data: { batchSize, workers }, training: { epochs }, seed } } = file;
  const { info, load } = await openImages(file, { scan: false, onError: "skip" });
  context.progress.update("timing the training");
  const { architecture, description, changes } = await planNetwork(file, info);
  const model = buildNetwork(file, architecture);
  model.initialize(seed);
  const backend = await openChosen(file.config, context);
  const subject = await trainingOf(
    backend,
    {
      recipe: recipeOf(file, model, description),
      ...changedInput(description, changes),
      seed,
      batchSize,
    },
    description.input,
    changes,
  );
  const computing = await secondsEach(async function* () {
    for (let step = 0;; step++) yield await subject.step(step);
  }()) / batchSize;
  subject[Symbol.dispose]();
  const { train } = await load();
  using loader = new BatchLoader(train, { batchSize, seed, shuffle: true, workers });
  const decoding = await secondsEach(loader.epoch(0)) / batchSize;
  context.progress.finish();
  const { train: trained, test: measured } = info.sizes;
  // Decoding threads take their time from computing threads.
  const each = computing + decoding;
  return {
    seconds: epochs * (trained * each + measured * (VALIDATING * computing + decoding)),
    backend: backend.description,
  };
}

/** Seconds per piece of work, after a warm-up. */
async function secondsEach(work: AsyncIterable<unknown>): Promise<number> {
  let start = performance.now();
  let count = -WARM_UP_STEPS;
  for await (const _ of work) {
    count++;
    const passed = performance.now() - start;
    if (count <= 0) start = performance.now();
    else if (passed > ENOUGH) return passed / count / 1000;
  }
  return (performance.now() - start) / Math.max(1, count) / 1000;
}
