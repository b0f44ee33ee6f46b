/**
 * What a logger is: it receives the entries of a run's log and stores or shows them in its own
 * form. The log itself, `metrics.jsonl`, is not a logger: resuming and reports need it, so it
 * always exists.
 */
import type { Disk } from "../../files/disk.ts";
import type { StateDict } from "../../layers/module.ts";
import type { Entry, z } from "../../schema/entry.ts";
import type { LogEntry } from "../log_rows.ts";

/** A logger of a run. What it throws ends the run, which can be resumed. */
export interface Logger {
  /**
   * Receives an entry that is already in the log.
   *
   * @param weights the network's after an epoch, the averaged ones if there are any
   */
  log(entry: LogEntry, weights?: StateDict): Promise<void> | void;
  /** Called when the training is complete. */
  complete?(): Promise<void>;
  /** Closes what is open. */
  close?(): void;
}

/** What a command passes to the loggers of a run. */
export interface LoggerSources {
  /** Writes a line to standard output. Default: lines are dropped. */
  readonly print?: (line: string) => void;
  /** Images to show at the start, as PNG files by name. Default: none. */
  readonly pictures?: () => Promise<Readonly<Record<string, Uint8Array>>>;
}

/** A run as its loggers see it. */
export interface LoggedRun extends LoggerSources {
  /** Its folder, where loggers may write files. */
  readonly folder: string;
  /** The disk that writes all files. */
  readonly disk: Disk;
  /** Steps taken before; 0 for a new run. */
  readonly step: number;
  /** Its config, with every default filled in: as plain data and as YAML. */
  readonly config: unknown;
  readonly configText: string;
  /** All entries of its log, those of earlier processes included. */
  entries(): Promise<readonly LogEntry[]>;
}

/** A kind of logger. */
export interface LoggerEntry<S extends z.ZodObject = z.ZodObject> extends Entry<S> {
  /** Names of its files in a run's folder. Default: none. */
  readonly files?: RegExp;
  /** Opens it when a run starts or is resumed. */
  build(options: z.output<S>, run: LoggedRun): Promise<Logger> | Logger;
}

/** The numbers of an entry by name, without its position. */
export function numbersOf(
  { event: _, epoch: __, step: ___, ...rest }: LogEntry,
): [name: string, value: number][] {
  return Object.entries(rest).filter((pair): pair is [string, number] =>
    typeof pair[1] === "number"
  );
}
