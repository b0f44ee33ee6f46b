/** What variants cost: time and memory to train, sizes in training and folded. */

import { buildModel } from "../models/registry.ts";
import { summarizeModel } from "../models/summary.ts";
import { sum } from "../reporting/statistics.ts";
import type { RunLog } from "../training/run_log.ts";
import type { ComparedRun } from "./compared_run.ts";

/** What a run took; null where it was not logged. */
export interface RunCosts {
  /** Of training and validation. */
  readonly seconds: number | null;
  /** Trained on, validation left out. */
  readonly imagesPerSecond: number | null;
  /** Most bytes of memory that its process took. */
  readonly memory: number | null;
}

/** What a network is made of. */
export interface NetworkSize {
  /** Trained numbers, while it is trained. */
  readonly trainingParameters: number;
  /** Numbers of its kernels, factors and biases once folded. */
  readonly foldedParameters: number;
  /** Multiply-accumulate operations for one image, folded. */
  readonly macs: number;
}

/** Seconds up to the end of each epoch; null from the first on whose time was not logged. */
export function cumulated({ epochs }: RunLog): (number | null)[] {
  let total: number | null = 0;
  return epochs.map(({ time }) => total = total === null || !time ? null : total + time.seconds);
}

/** What a run took. */
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

/** What the network of a run is made of. */
export function sizeOf({ header: { architecture, description } }: ComparedRun): NetworkSize {
  const model = buildModel(architecture.name, architecture.options);
  const { trainingParameters, foldedParameters, macs } = summarizeModel(model, description);
  return { trainingParameters, foldedParameters, macs };
}
