/** The part of a report about a run's folder: its progress, config and logs. */

import { basename, relative, resolve } from "@std/path";
import { type Checkpoint, readCheckpoint } from "../../checkpoints/checkpoint.ts";
import { runsWithin } from "../../comparison/read_runs.ts";
import { type ConfigFile, loadConfig, parseStored } from "../../config/load.ts";
import type { Config } from "../../config/schema.ts";
import { InputError, UserError } from "../../errors.ts";
import { exists } from "../../files/exists.ts";
import type { Fact, Missing, Numbers, RunData } from "../../pages/report/data.ts";
import { curvesOf } from "../../pages/report/logged.ts";
import { formatBytes, formatDuration, formatNumberOf } from "../../reporting/format.ts";
import { sum } from "../../reporting/statistics.ts";
import { isRecord } from "../../schema/record.ts";
import { hasStoppedEarly } from "../../training/early_stopping.ts";
import type { Objective } from "../../training/objectives/objective.ts";
import { objectiveOf, UNKNOWN_CLASSES } from "../../training/objectives/registry.ts";
import { isUnderWay, RUN_FILES, type RunFile, runFile, runIn } from "../../training/run_files.ts";
import { type EpochRow, readRunLog } from "../../training/run_log.ts";
import { callOf, shellQuoted } from "../command.ts";

/** A run to report on. */
export interface ReportedRun {
  readonly folder: string;
  readonly file: ConfigFile;
  readonly objective: Objective;
  /** Its path, and its best checkpoint; absent if none can be read. */
  readonly last?: Checkpoint;
  readonly best?: Checkpoint;
  /** Checkpoints that exist but cannot be read. */
  readonly missing: readonly Missing[];
  readonly epochs: readonly EpochRow[];
}

/** The folder of a run itself, or else the runs in it, such as those of a comparison. */
export async function runFolders(folder: string): Promise<string[]> {
  const isFolder = (await Deno.stat(folder).catch(() => undefined))?.isDirectory;
  const isRun = !isFolder || await runIn(folder) !== "none";
  const within = isRun ? [] : await runsWithin(folder);
  return within.length > 0 ? within : [folder];
}

/** Reads a run. Throws InputError for a folder without one. */
export async function readRun(folder: string): Promise<ReportedRun> {
  if (!(await Deno.stat(folder).catch(() => undefined))?.isDirectory) {
    throw new InputError(`${folder}: expected the folder of a run, such as runs/NAME`);
  }
  const missing: Missing[] = [];
  const read = async (file: RunFile) => {
    const path = runFile(folder, file);
    if (!await exists(path)) return undefined;
    try {
      return await readCheckpoint(path);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      missing.push({ what: "checkpoint", why: error.message });
      return undefined;
    }
  };
  const last = await read("last") ?? await read("previous");
  const best = await read("best");
  const file = await configOf(folder, last ?? best);
  const { classNames } = (best ?? last)?.description ?? {};
  const objective = file.at(
    "training",
    () =>
      objectiveOf(file.config.training.objective, classNames?.length ?? UNKNOWN_CLASSES, {
        classNames,
      }),
  );
  const { epochs } = await readRunLog(folder);
  return { folder, file, objective, last, best, missing, epochs };
}

async function configOf(folder: string, checkpoint?: Checkpoint): Promise<ConfigFile> {
  const path = runFile(folder, "config");
  if (await exists(path)) return await loadConfig(path, { isForeign: true });
  if (checkpoint?.config) return parseStored(checkpoint.config, folder);
  throw new InputError(
    `${folder}: found neither ${
      basename(path)
    } nor a checkpoint; expected the folder of a run, such ` +
      "as runs/NAME",
  );
}

/** The report's data of the run, except its network. */
export async function runData(
  run: ReportedRun,
  name: string,
  call: string,
): Promise<Omit<RunData, "missing">> {
  const { folder, file: { config }, objective, last, best, epochs } = run;
  const { steps } = await readRunLog(folder);
  const { monitor } = config.training;
  const found = last?.state.best ?? best?.state.best;
  return {
    name,
    folder,
    status: await statusOf(run),
    command: commandOf(run, call),
    config: leavesOf(config),
    metrics: objective.metrics,
    monitor: (typeof monitor === "string" ? monitor : monitor?.metric) ?? objective.monitor.metric,
    curves: curvesOf(steps, epochs),
    ...(found ? { best: { epoch: found.epoch, values: numbersOf(found) } } : {}),
    environment: environmentOf(run),
    files: await filesOf(folder),
  };
}

/** Names for runs by their folders, as short as they can be while unique. */
export function namesOf(folders: readonly string[]): string[] {
  const whole = folders.map((folder) => resolve(folder));
  const names = whole.map((folder) => basename(folder));
  return whole.map((folder, i) => {
    const isShared = names.some((name, other) => other !== i && name === names[i]);
    return isShared ? relative(Deno.cwd(), folder) || names[i] : names[i];
  });
}

async function statusOf({ folder, file, objective, last, epochs }: ReportedRun): Promise<string> {
  const { training } = file.config;
  const of = `of ${formatNumberOf(training.epochs, "epoch")}`;
  const done = Math.max(last?.state.epoch ?? 0, epochs.length);
  if (await isUnderWay(folder)) return `running: ${done} ${of} done`;
  if (!last) return `no checkpoint; ${done} ${of} logged`;
  if (last.state.epoch >= training.epochs) return `finished: ${formatNumberOf(done, "epoch")}`;
  const { earlyStopping } = training;
  if (earlyStopping && objective && hasStoppedEarly(earlyStopping, last.state.earlyStopping)) {
    return `stopped early after ${done} ${of}`;
  }
  return `stopped after ${done} ${of}, at step ${last.state.step}`;
}

/** The command that repeats the training in another folder with the same bits. */
function commandOf({ folder, last, best, file: { config } }: ReportedRun, call: string): string {
  const { name, threads } = (last ?? best)?.backend ?? { name: config.backend, threads: undefined };
  const again = [
    ...(config.backend === "auto" && name !== "import" ? [`backend=${name}`] : []),
    ...(config.threads === "auto" && name === "cpu" ? [`threads=${threads}`] : []),
  ];

  const output = `${folder.replace(/[/\\]+$/, "")}-again`;
  return [
    callOf("train", call),
    shellQuoted(runFile(folder, "config")),
    ...again.map((assignment) => `--set ${assignment}`),
    `--output ${shellQuoted(output)}`,
  ].join(" ");
}

/** Keys and values of a config, mappings flattened. */
export function leavesOf(config: Config): Record<string, string> {
  const leaves = (value: unknown, path: string): [string, string][] =>
    isRecord(value) && Object.keys(value).length > 0
      ? Object.entries(value).flatMap(([key, part]) =>
        leaves(part, path === "" ? key : `${path}.${key}`)
      )
      : value === undefined
      ? []
      : [[path, typeof value === "string" ? value : JSON.stringify(value)]];
  return Object.fromEntries(leaves(config, ""));
}

function numbersOf({ epoch: _, ...metrics }: Numbers): Numbers {
  return metrics;
}

function environmentOf({ last, best, epochs }: ReportedRun): Fact[] {
  const { backend, seed, pictures } = last ?? best ?? {};
  const times = epochs.flatMap(({ time }) => time ?? []);
  const total = (name: "seconds" | "validation" | "dataWait" | "images") =>
    sum(times.map((time) => time[name]));
  const training = total("seconds") - total("validation");
  return [
    ...(backend
      ? [
        ["Computed by", backend.description] as const,
        ...(backend.name === "cpu" ? [["Threads", String(backend.threads)] as const] : []),
      ]
      : []),
    ...(seed === undefined ? [] : [["Seed", String(seed)] as const]),
    ...(pictures === undefined ? [] : [["Fingerprint of the pictures", pictures] as const]),
    ...(times.length > 0
      ? [
        ["Time for these epochs", formatDuration(total("seconds"))] as const,
        ["in validation", formatDuration(total("validation"))] as const,
        ["waiting for images", formatDuration(total("dataWait"))] as const,
        ["Images/s in training", (total("images") / training).toFixed(0)] as const,
        ["Peak memory", formatBytes(Math.max(...times.map(({ memory }) => memory)))] as const,
      ]
      : []),
  ];
}

async function filesOf(folder: string): Promise<RunData["files"]> {
  const files = await Promise.all(RUN_FILES.map(async (file) => {
    const path = runFile(folder, file);
    const info = await Deno.stat(path).catch(() => undefined);
    return info ? [{ name: relative(folder, path), bytes: info.size }] : [];
  }));
  return files.flat();
}
