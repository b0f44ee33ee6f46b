/**
 * The folder of a run: the resolved config, the metrics log and the checkpoints.
 *
 * `config.yaml`, `metrics.jsonl`, `timing.jsonl`, `folded/` and, in `checkpoints/`,
 * `last.safetensors`, the one before it as `previous.safetensors`, and `best.safetensors`. A
 * checkpoint stores the length of the metrics log; resuming truncates the log to it, so that lines
 * written after the last save are not repeated. Times, which vary from run to run, have their own
 * log.
 */
import { dirname } from "node:path";
import {
  type Checkpoint,
  type CheckpointHeader,
  type TrainingTensors,
  writeCheckpoint,
} from "../checkpoints/checkpoint.ts";
import type { RunState } from "../checkpoints/run_state.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { DISK, type Disk, type DiskFile } from "../files/disk.ts";
import { exists } from "../files/exists.ts";
import { explainRefusal } from "../files/refusal.ts";
import { removeTemporary, temporaryPath } from "../files/temporary.ts";
import { unwritable } from "./failures.ts";
import type { StateDict } from "../layers/module.ts";
import { LogFile } from "./log_file.ts";
import type { Logger, LoggerSources } from "./loggers/logger.ts";
import { type LoggerOptions, openLoggers } from "./loggers/registry.ts";
import type { LogEntry, TimingEntry } from "./log_rows.ts";
import type { TrainingStore } from "./observer.ts";
import {
  checkExisting,
  checkWritable,
  CONFIG_HEAD,
  type ExistingRun,
  findCheckpoint,
  type FoundCheckpoint,
  loggerFiles,
  RUN_FILES,
  type RunFile,
  runFile,
} from "./run_files.ts";
import { lockRun } from "./run_lock.ts";
import { readEntries, timingBytesUpTo } from "./run_log.ts";

/** The contents of every checkpoint of a run besides its position. */
export type RunIdentity = Omit<CheckpointHeader, "state" | "metricsBytes">;

/** What a run's folder knows about the run. */
interface RunDescription {
  readonly identity: RunIdentity;
  /** Its config, with every default filled in. */
  readonly configText: string;
  /** Loggers of the run. Default: none. */
  readonly loggers?: readonly LoggerOptions[];
  readonly sources?: LoggerSources;
}

/** A run's folder, open for writing. */
export class RunFolder implements TrainingStore {
  /** Lock that gives this process exclusive access to the run. */
  #lock: DiskFile | undefined;
  #described: RunDescription | undefined;
  #metrics: LogFile | undefined;
  #timing: LogFile | undefined;
  #loggers: readonly Logger[] = [];
  #hasCheckpoint: boolean;

  private constructor(
    readonly path: string,
    private readonly existing: ExistingRun,
    private readonly disk: Disk,
    lock: DiskFile | undefined,
    /** The checkpoint to resume from; absent for a new run. */
    readonly found?: FoundCheckpoint,
  ) {
    this.#lock = lock;
    this.#hasCheckpoint = found !== undefined;
  }

  /**
   * The folder at `path`. Nothing of a run is written or deleted before {@link RunFolder.start},
   * but an existing run is locked from now on.
   *
   * @param disk the disk that writes all files
   * @throws InputError if there is a run and `existing` is `refuse`, another process is training
   *   it, it has started but has no checkpoint to resume from, the folder contains a user's own
   *   config, or cannot be written
   */
  static async open(path: string, existing: ExistingRun, disk = DISK): Promise<RunFolder> {
    await checkExisting(path, existing);
    const lock = await exists(path) ? await lockRun(path, disk) : undefined;
    try {
      await checkWritable(path);
      const resumes = existing === "resume" || existing === "resume best";
      const found = resumes ? await findCheckpoint(path, existing) : undefined;
      return new RunFolder(path, existing, disk, lock, found);
    } catch (error) {
      lock?.close();
      throw error;
    }
  }

  /** Sets the contents of the config and all checkpoints of the run; called before the start. */
  describe(description: RunDescription): void {
    this.#described = description;
  }

  /**
   * Creates the folder if it is missing, deletes old files, writes the config and opens the log.
   * Throws InputError if the folder cannot be written or another process has created a run there
   * meanwhile, RunError if the disk is full.
   */
  async start(): Promise<void> {
    try {
      await this.disk.makeFolder(dirname(this.lastPath));
      if (!this.#lock) {
        this.#lock = await lockRun(this.path, this.disk);
        await checkExisting(this.path, "refuse");
      }
      if (this.existing === "replace") await this.#clear();
      await this.#removeTemporaryFiles();
      if (this.found) await this.#makeLast(this.found);
      await writeFileAtomic(
        runFile(this.path, "config"),
        CONFIG_HEAD + this.#description.configText,
        this.disk,
      );
      await this.#openLogs();
    } catch (error) {
      throw explainRefusal(this.path, error);
    }
  }

  get lastPath(): string {
    return runFile(this.path, "last");
  }

  get bestPath(): string {
    return runFile(this.path, "best");
  }

  get foldedPath(): string {
    return runFile(this.path, "folded");
  }

  lastCheckpoint(): string | undefined {
    return this.#hasCheckpoint ? this.lastPath : undefined;
  }

  async log(entry: LogEntry, weights?: StateDict): Promise<void> {
    await this.#append("metrics", this.#metrics, entry);
    await this.#tellLoggers((logger) => logger.log(entry, weights));
  }

  complete(): Promise<void> {
    return this.#tellLoggers((logger) => logger.complete?.());
  }

  async #tellLoggers(tell: (logger: Logger) => Promise<void> | void): Promise<void> {
    try {
      for (const logger of this.#loggers) await tell(logger);
    } catch (error) {
      throw unwritable(this.path, error);
    }
  }

  /** Appends to the log of times, with the memory of the process in bytes. */
  logTiming(entry: TimingEntry): Promise<void> {
    return this.#append("timing", this.#timing, { ...entry, memory: Deno.memoryUsage().rss });
  }

  async #append(
    file: RunFile,
    log: LogFile | undefined,
    entry: LogEntry,
  ): Promise<void> {
    if (!log) throw new Error("the run's folder is not open");
    try {
      await log.append(entry);
    } catch (error) {
      throw unwritable(runFile(this.path, file), error);
    }
  }

  async save(kind: "last" | "best", tensors: TrainingTensors, state: RunState): Promise<void> {
    const path = kind === "last" ? this.lastPath : this.bestPath;
    const checkpoint = {
      ...this.#description.identity,
      state,
      metricsBytes: this.#metrics?.bytes ?? 0,
      tensors,
    };
    try {
      // The log on disk must not be shorter than the checkpoint says.
      await this.#metrics?.sync();
      if (kind === "last" && await exists(path)) await this.#replaceLast(checkpoint);
      else await writeCheckpoint(path, checkpoint, this.disk);
    } catch (error) {
      throw unwritable(path, error);
    }
    if (kind === "last") this.#hasCheckpoint = true;
  }

  /**
   * Writes the last checkpoint and keeps the previous one; while it is being written, the previous
   * two.
   */
  async #replaceLast(checkpoint: Checkpoint): Promise<void> {
    const previous = runFile(this.path, "previous");
    const kept = temporaryPath(previous);
    await this.disk.link(this.lastPath, kept);
    try {
      await writeCheckpoint(this.lastPath, checkpoint, this.disk);
      await this.#settle(kept, previous);
    } catch (error) {
      await this.disk.remove(kept).catch(() => {});
      throw error;
    }
  }

  /**
   * The checkpoint that a run resumes from becomes its last one before the log is truncated to it.
   */
  async #makeLast({ file }: FoundCheckpoint): Promise<void> {
    if (file === "last") return;
    const copy = temporaryPath(this.lastPath);
    await this.disk.link(runFile(this.path, file), copy);
    // A later checkpoint than the best one would miss lines of the log.
    if (file === "best") await this.#remove("previous");
    await this.#settle(copy, this.lastPath);
  }

  /** Replaces `path` by a second name (hard link) of a file. */
  async #settle(name: string, path: string): Promise<void> {
    await this.disk.rename(name, path);
    // If both names already belong to the same file, the system renames nothing.
    if (await exists(name)) await this.disk.remove(name);
  }

  /** Closes the logs and releases the run for other processes. */
  close(): void {
    for (const logger of this.#loggers) logger.close?.();
    this.#loggers = [];
    for (const file of [this.#metrics, this.#timing, this.#lock]) file?.close();
    this.#metrics = this.#timing = this.#lock = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  get #description() {
    if (!this.#described) throw new Error("the run has not been described");
    return this.#described;
  }

  /** Opens the logs, truncated to the part that is kept. */
  async #openLogs(): Promise<void> {
    const { metricsBytes = 0, state } = this.found?.checkpoint ?? {};
    this.#metrics = await LogFile.open(runFile(this.path, "metrics"), metricsBytes, this.disk);
    const timing = runFile(this.path, "timing");
    const kept = state ? await timingBytesUpTo(timing, state) : 0;
    this.#timing = await LogFile.open(timing, kept, this.disk);
    const { identity, configText, loggers = [], sources } = this.#description;
    this.#loggers = await openLoggers(loggers, {
      ...sources,
      folder: this.path,
      disk: this.disk,
      step: state?.step ?? 0,
      config: identity.config,
      configText,
      entries: () => readEntries(runFile(this.path, "metrics")),
    });
  }

  /** Deletes the files of a run; the config, which identifies it, last. */
  async #clear(): Promise<void> {
    for (const path of await loggerFiles(this.path)) await this.disk.remove(path);
    for (
      const file of ["previous", "last", "best", "folded", "timing", "metrics", "config"] as const
    ) {
      await this.#remove(file);
    }
  }

  async #remove(file: RunFile): Promise<void> {
    const path = runFile(this.path, file);
    if (await exists(path)) await this.disk.remove(path);
  }

  /** Partial files of a killed process. */
  async #removeTemporaryFiles(): Promise<void> {
    for (const file of RUN_FILES) {
      const path = runFile(this.path, file);
      if (await exists(dirname(path))) await removeTemporary(path);
    }
  }
}
