/** The trainings of a comparison that remain to be done. */

import {
  findRun,
  namingVariant,
  type PlannedRun,
  type RunStage,
  stageOf,
} from "../comparison/planned_run.ts";
import { metricsOf, targetMetric } from "../comparison/measures.ts";
import type { SummaryOptions } from "../comparison/summary.ts";
import { InputError } from "../errors.ts";
import { formatDuration, formatNumberOf } from "../reporting/format.ts";
import { DivergedError } from "../training/failures.ts";
import { monitored } from "../training/recipe.ts";
import { runFile } from "../training/run_files.ts";
import type { Context } from "./command.ts";
import { type Train, trainingThread } from "./compare_jobs.ts";
import { RESUME_ADVICE } from "./compare_messages.ts";
import type { Interruption } from "./interruption.ts";
import { type Images, loadImages, objectiveFor, openImages } from "./load_data.ts";
import { buildNetwork, planNetwork, recipeOf } from "./prepare.ts";
import { locatePretrained } from "./pretrained.ts";
import { changesSince } from "./same_run.ts";
import { trainConfig } from "./train_config.ts";

interface TrainedRuns {
  /** Whether the user stopped them. */
  readonly isStopped: boolean;
  /** The diverged runs. */
  readonly failed: readonly PlannedRun[];
}

interface TrainAllOptions {
  /** Their folder, for messages. */
  readonly output: string;
  readonly summary: SummaryOptions;
  readonly jobs: number;
  readonly interruption: Interruption;
  readonly context: Context;
}

/**
 * Trains the runs that are not finished yet. Throws InputError before the first one if an existing run
 * was started with another config, or the config of a variant is invalid.
 */
export async function trainAll(
  runs: readonly PlannedRun[],
  { output, summary, jobs, interruption, context }: TrainAllOptions,
): Promise<TrainedRuns> {
  const stages = await stagesOf(runs, output);
  const left = runs.filter((run) => stages.get(run) !== "done");
  if (left.length > 0) await checkVariants(runs, summary);
  const states = ["done", "begun"] as const;
  const counts = states.map((stage) => runs.filter((run) => stages.get(run) === stage).length);
  context.print(
    `${formatNumberOf(runs.length, "run")} in ${output}` +
      states.filter((_, i) => counts[i] > 0).map((stage, i) => `, ${counts[i]} ${stage}`).join(""),
  );
  const failed: PlannedRun[] = [];
  if (left.length === 0) return { isStopped: false, failed };
  await fetchAll(left, jobs > 1, context);
  const start = performance.now();
  const begin = (run: PlannedRun, ended: number) => {
    const seconds = (performance.now() - start) / 1000;
    const place = runs.length - left.length + left.indexOf(run) + 1;
    context.print(
      `run ${place} of ${runs.length}: ${run.name}` +
        (ended > 0
          ? `, about ${formatDuration(seconds / ended * (left.length - ended))} left`
          : ""),
    );
  };
  const diverge = (run: PlannedRun, error: DivergedError) => {
    context.progress.print(`error: ${run.name}: ${error.message}`);
    failed.push(run);
  };
  if (jobs > 1) {
    const isStopped = await interruption.gracefully(context, (signal, context) => {
      const threads = Array.from(
        { length: Math.min(jobs, left.length) },
        () => trainingThread({ jobs, signal, context }),
      );
      return trainEach(left, threads, { begin, diverge });
    });
    if (interruption.outputFailure !== undefined) throw interruption.outputFailure;
    return { isStopped, failed };
  }
  const load = sharingImages(context);
  const train: Train = (run) => {
    const emit: Context["emit"] = (record) => context.emit({ run: run.name, ...record });
    return trainConfig(
      {
        file: run.file,
        path: run.path,
        existing: "resume",
        resumeAdvice: RESUME_ADVICE,
        load: () => load(run),
      },
      interruption,
      { ...context, emit },
    );
  };
  return { isStopped: await trainEach(left, [train], { begin, diverge }), failed };
}

/**
 * Trains runs in order, as many at once as there are trainers.
 *
 * @returns whether the user stopped them
 */
async function trainEach(
  runs: readonly PlannedRun[],
  places: readonly Train[],
  { begin, diverge }: {
    /** @param ended number of trainings that have ended before */
    begin(run: PlannedRun, ended: number): void;
    diverge(run: PlannedRun, error: DivergedError): void;
  },
): Promise<boolean> {
  const queue = [...runs];
  let isStopped = false;
  let ended = 0;
  const serve = async (train: Train) => {
    for (let run = queue.shift(); run && !isStopped; run = queue.shift()) {
      begin(run, ended);
      try {
        if (await train(run) === "interrupted") isStopped = true;
      } catch (error) {
        if (!(error instanceof DivergedError)) throw error;
        diverge(run, error);
      }
      ended++;
    }
  };
  await Promise.all(places.map(serve));
  return isStopped;
}

/** The state of each run. Throws InputError for runs that were started with another config. */
async function stagesOf(
  runs: readonly PlannedRun[],
  output: string,
): Promise<Map<PlannedRun, RunStage>> {
  const stages = new Map<PlannedRun, RunStage>();
  const changed: string[] = [];
  for (const run of runs) {
    const found = await findRun(run.path);
    stages.set(run, await stageOf(run, found));
    if (!found) continue;
    const { refused, bits, extending } = changesSince(
      found.checkpoint,
      runFile(run.path, found.file),
      run.file.config,
    );
    changed.push(
      ...[...refused, ...bits, ...extending].map((change) => `  ${run.name}: ${change}`),
    );
  }
  if (changed.length === 0) return stages;
  throw new InputError(
    `${output}: runs of this comparison were started with another config; restore the old values, or ` +
      `choose another --output:\n${changed.join("\n")}`,
  );
}

/** Throws InputError for a variant with an invalid network or recipe, before hours are spent on others. */
async function checkVariants(
  runs: readonly PlannedRun[],
  { metrics, targets }: SummaryOptions,
): Promise<void> {
  const firsts = runs.filter(({ seed }) => seed === runs[0].seed);
  for (const { variant, file } of firsts) {
    await namingVariant(variant, async () => {
      const { info } = await openImages(file);
      const objective = objectiveFor(file, info);
      const monitor = monitored(objective, file.config.training.monitor);
      targetMetric(metricsOf(objective, monitor, metrics), targets);
      const { architecture, description } = await planNetwork(file, info);
      recipeOf(file, buildNetwork(file, architecture), description);
    });
  }
}

/**
 * Fetches what runs will need, since network access is given up once the first images are loaded.
 *
 * @param isAll whether to include the first run: if it is not loaded in this thread
 */
async function fetchAll(
  runs: readonly PlannedRun[],
  isAll: boolean,
  context: Context,
): Promise<void> {
  const distinct = (keyOf: (run: PlannedRun) => unknown) => [
    ...new Map(runs.map((run) => [JSON.stringify(keyOf(run)), run])).values(),
  ];
  for (const { file } of distinct(({ file }) => file.config.model.pretrained)) {
    await locatePretrained(file, context);
  }
  const images = distinct(({ file }) => file.config.data);
  if (!isAll && images.length === 1) return;
  for (const [i, { file }] of images.entries()) {
    await loadImages(file, context, { isLast: i === images.length - 1 });
  }
}

/** Loads the images of runs; those of the previous run are reused if they are the same. */
function sharingImages(context: Context): (run: PlannedRun) => Promise<Images> {
  let loaded: { readonly key: string; readonly images: Images } | undefined;
  return async ({ file }) => {
    const { data, seed } = file.config;
    const key = JSON.stringify([data, seed]);
    if (loaded?.key !== key) {
      // Free them first, unless they are reused.
      loaded = undefined;
      loaded = { key, images: await loadImages(file, context, { isKept: true }) };
    }
    return loaded.images;
  };
}
