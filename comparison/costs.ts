/** Costs of variants: time and memory in training, sizes in training and folded. */

import { buildModel } from "../models/registry.ts";
import { summarizeModel } from "../models/summary.ts";
import { sum } from "../reporting/statistics.ts";
import type { RunLog } from "../training/run_log.ts";
import type { ComparedRun } from "./compared_run.ts";
import type { NetworkSize, RunCosts } from "./comparison.ts";

/** Seconds until the end of each epoch; null from the first epoch whose time was not logged. */
export function cumulated({ epochs }: RunLog): (number | null)[] {
  let total: number | null = 0;
  return epochs.map(({ time }) => total = total === null || !time ? null : total + time.seconds);
}

/** The cost of a run. */
export function costsOf(log: RunLog): RunCosts {
  const times = log.epochs.flatMap(({ time }) => time ?? []);
  if (times.length === 0 || times.length < log.epochs.length) {
    return { seconds: null, imagesPerSecond: null, memory: null };
  }
  const training = sum(times.map(({ seconds, validation }) => seconds - validation));
  return {
    seconds: sum(times.map(({ seconds }) => seconds)),
    imagesPerSecond: sum(times.map(({ images }) => images)) / training,
    memory: Math.max(...times.map(({ memory }) => memory)),
  };
}

/** The size of a run's network. */
export function sizeOf({ header: { architecture, description } }: ComparedRun): NetworkSize {
  const model = buildModel(architecture.name, architecture.options);
  const { trainingParameters, foldedParameters, macs } = summarizeModel(model, description);
  return { trainingParameters, foldedParameters, macs };
}
