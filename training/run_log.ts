/** Reads the logs of a run: metrics and times. */
import { InputError } from "../errors.ts";
import { exists } from "../files/exists.ts";
import { readTextFile } from "../files/text.ts";
import {
  type LogEntry,
  parseLogLine,
  type RunLog,
  runLogOf,
  type TimingEntry,
} from "./log_rows.ts";
import { runFile } from "./run_files.ts";

export type { EpochRow, RunLog, StepRow } from "./log_rows.ts";

/**
 * Reads the logs in folder `run`; empty if there are none. An incomplete last line is left out: the
 * run may be in progress. Throws InputError, naming the line, for a log that is damaged.
 */
export async function readRunLog(run: string): Promise<RunLog> {
  return runLogOf(
    await readEntries(runFile(run, "metrics")),
    await readEntries(runFile(run, "timing")),
  );
}

/** Whether the run in a folder diverged when it was last trained. Throws as {@link readRunLog}. */
export async function hasDiverged(run: string): Promise<boolean> {
  return (await readEntries(runFile(run, "metrics"))).at(-1)?.event === "diverged";
}

/** The length of a log of times up to a position, or up to a damaged line. */
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

/** The entries of a log. Throws InputError, naming the line, for one that is damaged. */
export async function readEntries(path: string): Promise<LogEntry[]> {
  return (await readLines(path)).map(({ entry }, i) => {
    if (entry) return entry;
    throw new InputError(
      `${path}:${i + 1}: this line of the log is damaged; expected a JSON object`,
    );
  });
}

/** The complete lines of a log, and where each ends, in bytes; a damaged line has no entry. */
async function readLines(path: string): Promise<{ entry?: LogEntry; end: number }[]> {
  if (!await exists(path)) return [];
  const lines = (await readTextFile(path, "the log of a run")).split("\n").slice(0, -1);
  let end = 0;
  return lines.map((line) => {
    end += new TextEncoder().encode(line).length + 1;
    return { entry: parseLogLine(line), end };
  });
}
