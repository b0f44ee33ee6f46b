/** A run's log as rows of numbers. */
import type { Metrics } from "../checkpoints/run_state.ts";
import { sum } from "../reporting/statistics.ts";
import { isRecord } from "../schema/record.ts";

/** Time since the previous entry, which varies from run to run. */
export interface TimingEntry {
  /** Optimizer steps taken since the start. */
  readonly step: number;
  /** Epochs finished. */
  readonly epoch: number;
  /** Total time. */
  readonly seconds: number;
  /** Time in validation. */
  readonly validation: number;
  /** Time without computation because no batch was ready. */
  readonly dataWait: number;
  /** Images trained on. */
  readonly images: number;
}

/** A step that was logged. */
export interface StepRow {
  /** From 1. */
  readonly epoch: number;
  /** From 1, over the whole training. */
  readonly step: number;
  /** All numbers of the entry, by name: `learningRate`, `loss`, and others that were logged. */
  readonly values: Readonly<Record<string, number>>;
}

/** An epoch that was finished. */
export interface EpochRow extends StepRow {
  /** Over the training images, measured while training on them. */
  readonly train: Metrics;
  /** Absent if the epoch was not validated. */
  readonly validation?: Metrics;
  /** Absent in runs of versions that did not log it. */
  readonly time?: EpochTime;
}

/**
 * Time of an epoch, in all processes that trained it, without the time lost when one was killed.
 */
interface EpochTime extends Omit<TimingEntry, "step" | "epoch"> {
  /** Largest memory of the process in bytes when the run was saved. */
  readonly memory: number;
}

/** The contents of a run's log so far. */
export interface RunLog {
  readonly steps: readonly StepRow[];
  readonly epochs: readonly EpochRow[];
}

/** An entry of a run's log: `event` is `step`, `epoch` or `diverged`, `step` the steps taken by then. */
export type LogEntry = Readonly<Record<string, unknown>>;

/** The entries of the metrics log and of the log of times as rows. */
export function runLogOf(metrics: readonly LogEntry[], times: readonly LogEntry[]): RunLog {
  const rows = (event: string) => metrics.filter((entry) => entry.event === event).map(rowOf);
  return {
    steps: rows("step"),
    epochs: rows("epoch").map((row) => {
      const time = timeOf(times, row.epoch);
      return { ...row, ...metricsOf(row), ...(time ? { time } : {}) };
    }),
  };
}

/** The entry in a line; undefined if the line is damaged. */
export function parseLogLine(line: string): LogEntry | undefined {
  try {
    const entry: unknown = JSON.parse(line);
    return isRecord(entry) ? entry : undefined;
  } catch {
    return undefined;
  }
}

function rowOf({ event: _, epoch, step, ...rest }: LogEntry): StepRow {
  // Copies of a row would use __proto__ as its prototype.
  const numbers = Object.entries(rest).filter((pair): pair is [string, number] =>
    typeof pair[1] === "number" && pair[0] !== "__proto__"
  );
  return { epoch: Number(epoch), step: Number(step), values: Object.fromEntries(numbers) };
}

/** Prefix of validations in the log, such as `validLoss`; see `validationName`. */
const VALIDATION = /^valid(?=[A-Z])/;

function metricsOf({ values }: StepRow): Pick<EpochRow, "train" | "validation"> {
  const { learningRate: _, ...metrics } = values;
  const all = Object.entries(metrics);
  const validated = all.filter(([name]) => VALIDATION.test(name)).map(([name, value]) => {
    const bare = name.replace(VALIDATION, "");
    return [bare[0].toLowerCase() + bare.slice(1), value];
  });
  const trained = all.filter(([name]) => !VALIDATION.test(name));
  return {
    train: Object.fromEntries(trained),
    ...(validated.length > 0 ? { validation: Object.fromEntries(validated) } : {}),
  };
}

/** The sums of what was logged of an epoch, from 1: while it was under way and when it was finished. */
function timeOf(times: readonly LogEntry[], epoch: number): EpochTime | undefined {
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
