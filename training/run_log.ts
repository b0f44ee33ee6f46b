/** The logs of a run, read: what was measured, and the time it took. */
import type { Metrics } from "../checkpoints/run_state.ts";
import { InputError } from "../errors.ts";
import { exists } from "../files/exists.ts";
import { readTextFile } from "../files/text.ts";
import { sum } from "../reporting/statistics.ts";
import { isRecord } from "../schema/record.ts";
import type { TimingEntry } from "./observer.ts";
import { runFile } from "./run_files.ts";

/** A step that was logged. */
export interface StepRow {
  /** From 1. */
  readonly epoch: number;
  /** From 1, over the whole training. */
  readonly step: number;
  /** All numbers of the entry, by name: `learningRate`, `loss`, and what else was logged. */
  readonly values: Readonly<Record<string, number>>;
}

/** An epoch that was finished. */
export interface EpochRow extends StepRow {
  /** Over the training images, taken while they were trained on. */
  readonly train: Metrics;
  /** Absent where the epoch was not validated. */
  readonly validation?: Metrics;
  /** Absent in runs of versions that did not log it. */
  readonly time?: EpochTime;
}

/** What an epoch took, in all processes that trained it; what was lost when one was killed left out. */
export interface EpochTime extends Omit<TimingEntry, "step" | "epoch"> {
  /** Most bytes of memory that the process took when the run was saved. */
  readonly memory: number;
}

/** What a run has logged so far. */
export interface RunLog {
  readonly steps: readonly StepRow[];
  readonly epochs: readonly EpochRow[];
}

/**
 * Reads the logs in folder `run`; empty where there are none. A last line that is not whole is left
 * out: the run may be under way. Throws InputError, naming the line, for a log that is damaged.
 */
export async function readRunLog(run: string): Promise<RunLog> {
  const entries = await readEntries(runFile(run, "metrics"));
  const times = await readEntries(runFile(run, "timing"));
  const rows = (event: string) => entries.filter((entry) => entry.event === event).map(rowOf);
  return {
    steps: rows("step"),
    epochs: rows("epoch").map((row) => {
      const time = timeOf(times, row.epoch);
      return { ...row, ...metricsOf(row), ...(time ? { time } : {}) };
    }),
  };
}

/** How long a log of times is up to a position, or up to a line that is damaged. */
export async function timingBytesUpTo(
  path: string,
  { step, epoch }: Pick<TimingEntry, "step" | "epoch">,
): Promise<number> {
  let bytes = 0;
  for (const { entry, end } of await readLines(path)) {
    if (!entry || Number(entry.step) > step || Number(entry.epoch) > epoch) break;
    bytes = end;
  }
  return bytes;
}

/** An entry as it is in a log. */
export type Entry = Readonly<Record<string, unknown>>;

/** The entries of a log. Throws InputError, naming the line, for one that is damaged. */
export async function readEntries(path: string): Promise<Entry[]> {
  return (await readLines(path)).map(({ entry }, i) => {
    if (entry) return entry;
    throw new InputError(
      `${path}:${i + 1}: this line of the log is damaged; expected a JSON object`,
    );
  });
}

/** The lines of a log that end, and where in it each does, in bytes; no entry where one is damaged. */
async function readLines(path: string): Promise<{ entry?: Entry; end: number }[]> {
  if (!await exists(path)) return [];
  const lines = (await readTextFile(path, "the log of a run")).split("\n").slice(0, -1);
  let end = 0;
  return lines.map((line) => {
    end += new TextEncoder().encode(line).length + 1;
    return { entry: parsed(line), end };
  });
}

function parsed(line: string): Entry | undefined {
  try {
    const entry: unknown = JSON.parse(line);
    return isRecord(entry) ? entry : undefined;
  } catch {
    return undefined;
  }
}

function rowOf({ event: _, epoch, step, ...rest }: Entry): StepRow {
  const numbers = Object.entries(rest)
    .filter((pair): pair is [string, number] => typeof pair[1] === "number");
  return { epoch: Number(epoch), step: Number(step), values: Object.fromEntries(numbers) };
}

/** What validations are logged as, `validLoss`, begins so; see `validationName`. */
const VALIDATION = /^valid(?=[A-Z])/;

function metricsOf({ values }: StepRow): Pick<EpochRow, "train" | "validation"> {
  const { learningRate: _, ...metrics } = values;
  const names = Object.keys(metrics);
  const validated = names.filter((name) => VALIDATION.test(name)).map((name) => {
    const bare = name.replace(VALIDATION, "");
    return [bare[0].toLowerCase() + bare.slice(1), metrics[name]];
  });
  const trained = names.filter((name) => !VALIDATION.test(name)).map((
    name,
  ) => [name, metrics[name]]);
  return {
    train: Object.fromEntries(trained),
    ...(validated.length > 0 ? { validation: Object.fromEntries(validated) } : {}),
  };
}

/** The sums of what was logged of an epoch, from 1: while it was under way and when it was finished. */
function timeOf(times: readonly Entry[], epoch: number): EpochTime | undefined {
  const own = times.filter((_, i) => Number(times[i - 1]?.epoch ?? 0) === epoch - 1);
  if (own.length === 0) return undefined;
  const total = (name: string) => sum(own.map((entry) => Number(entry[name])));
  return {
    seconds: total("seconds"),
    validation: total("validation"),
    dataWait: total("dataWait"),
    images: total("images"),
    memory: Math.max(...own.map(({ memory }) => Number(memory))),
  };
}
