/** A run folder with loggers, without a training. */
import { join } from "@std/path";
import { NO_SUMS } from "../../checkpoints/run_state.ts";
import { DISK } from "../../files/disk.ts";
import type { StateDict } from "../../layers/module.ts";
import type { LoggerSources } from "../../training/loggers/logger.ts";
import type { LoggerOptions } from "../../training/loggers/registry.ts";
import type { ExistingRun } from "../../training/run_files.ts";
import { RunFolder, type RunIdentity } from "../../training/run_folder.ts";
import { withFolder } from "./folder.ts";
import { TINY_MODEL } from "./tiny_training.ts";

/** Its config. */
export const CONFIG = {
  name: "tiny",
  seed: 7,
  data: { batchSize: 4, dropLast: true, train: ["horizontal_flip"] },
};
export const CONFIG_TEXT = "name: tiny\n";

/** Runs a test with the path of a run folder that does not exist yet. */
export function withRun(test: (path: string) => Promise<void>): Promise<void> {
  return withFolder((folder) => test(join(folder, "run")));
}

/** The identity of a run of the tiny model. */
export function runIdentity(config: Readonly<Record<string, unknown>>): RunIdentity {
  return {
    description: {
      model: "layers",
      input: { height: 6, width: 6, channels: 2 },
      normalization: { mean: [0, 0], std: [1, 1] },
      classNames: ["a", "b", "c"],
    },
    architecture: { name: "layers", options: TINY_MODEL },
    config,
    seed: 0,
    backend: { name: "reference", threads: 1, description: "reference" },
  };
}

/** Starts or resumes a run. */
export async function startRun(
  path: string,
  loggers: readonly LoggerOptions[],
  existing: ExistingRun = "resume",
  sources?: LoggerSources,
  disk = DISK,
): Promise<RunFolder> {
  const folder = await RunFolder.open(path, existing, disk);
  folder.describe({
    identity: runIdentity(CONFIG),
    configText: CONFIG_TEXT,
    loggers,
    sources,
  });
  await folder.start();
  return folder;
}

/** Logs steps of the first epoch. */
export async function logSteps(
  folder: RunFolder,
  steps: readonly number[],
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  for (const step of steps) {
    await folder.log({ event: "step", epoch: 1, step, learningRate: 0.5, loss: 1 / step, ...more });
  }
}

/** Logs an epoch that ends with these weights. */
export function logEpoch(folder: RunFolder, step: number, weights?: StateDict): Promise<void> {
  const metrics = { learningRate: 0.5, loss: 2, accuracy: 0.25, validLoss: 3 };
  return folder.log({ event: "epoch", epoch: 1, step, ...metrics }, weights);
}

/** Saves the run at a step. */
export function saveAt(folder: RunFolder, step: number): Promise<void> {
  const tensors = { model: new Map(), optimizer: new Map() };
  return folder.save("last", tensors, { step, epoch: 0, batch: step, sums: NO_SUMS });
}
