/**
 * What a logger is: it takes the entries of a run's log and keeps or shows them in a form of its own. The
 * log itself, `metrics.jsonl`, is no logger's: a run is resumed and reported by it, so it is always there.
 */
import type { Disk } from "../../files/disk.ts";
import type { StateDict } from "../../layers/module.ts";
import type { Entry, z } from "../../schema/entry.ts";
import type { LogEntry } from "../log_rows.ts";

/** A logger of a run. What it throws ends the run, which can be resumed. */
export interface Logger {
  /**
   * Takes an entry, which is in the log by then.
   *
   * @param weights the network's after an epoch, the averaged ones where there are some
   */
  log(entry: LogEntry, weights?: StateDict): Promise<void> | void;
  /** Called when the training is complete. */
  complete?(): Promise<void>;
  /** Closes what is open. */
  close?(): void;
}

/** What a command gives the loggers of a run to show. */
export interface LoggerSources {
  /** Writes a line to standard output. Default: lines go nowhere. */
  readonly print?: (line: string) => void;
  /** Pictures to show at the start, as PNG files by name. Default: none. */
  readonly pictures?: () => Promise<Readonly<Record<string, Uint8Array>>>;
}

/** A run, as its loggers see it. */
export interface LoggedRun extends LoggerSources {
  /** Its folder, in which loggers may have files. */
  readonly folder: string;
  /** What all files are written by. */
  readonly disk: Disk;
  /** Steps that were taken before; 0 in a run that starts. */
  readonly step: number;
  /** Its config, with every default filled in: as plain data and as YAML. */
  readonly config: unknown;
  readonly configText: string;
  /** All entries of its log, those of earlier processes included. */
  entries(): Promise<readonly LogEntry[]>;
}

/** A kind of logger. */
export interface LoggerEntry<S extends z.ZodObject = z.ZodObject> extends Entry<S> {
  /** Names of the files that it leaves in a run's folder. Default: none. */
  readonly files?: RegExp;
  /** Opens it at the start of a run, or where a run goes on. */
  build(options: z.output<S>, run: LoggedRun): Promise<Logger> | Logger;
}

/** The numbers of an entry by name, without where it stands. */
export function numbersOf(
  { event: _, epoch: __, step: ___, ...rest }: LogEntry,
): [name: string, value: number][] {
  return Object.entries(rest).filter((pair): pair is [string, number] =>
    typeof pair[1] === "number"
  );
}
