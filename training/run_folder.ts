/**
 * The folder of a run: the resolved config, the metrics log and the checkpoints.
 *
 * `config.yaml`, `metrics.jsonl`, `timing.jsonl`, `folded/` and, in `checkpoints/`,
 * `last.safetensors`, the one before it as `previous.safetensors`, and `best.safetensors`. A checkpoint
 * knows how long the metrics log was; resuming cuts the log back to it, so that a log that was written
 * further than the run was saved repeats no line. What varies from run to run, the time, has a log of
 * its own.
 */
import { dirname } from "node:path";
import {
  type Checkpoint,
  type CheckpointHeader,
  type TrainingTensors,
  writeCheckpoint,
} from "../checkpoints/checkpoint.ts";
import type { RunState } from "../checkpoints/run_state.ts";
import { InputError, RunError, UserError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { DISK, type Disk, type DiskFile } from "../files/disk.ts";
import { exists } from "../files/exists.ts";
import { explainRefusal, refusalOf } from "../files/refusal.ts";
import { removeTemporary, temporaryPath } from "../files/temporary.ts";
import { LogFile } from "./log_file.ts";
import type { TimingEntry, TrainingStore } from "./observer.ts";
import {
  checkExisting,
  checkWritable,
  CONFIG_HEAD,
  type ExistingRun,
  findCheckpoint,
  type FoundCheckpoint,
  lockOf,
  RUN_FILES,
  type RunFile,
  runFile,
} from "./run_files.ts";
import { timingBytesUpTo } from "./run_log.ts";

/** What every checkpoint of a run says beside its position. */
export type RunIdentity = Omit<CheckpointHeader, "state" | "metricsBytes">;

/** A run's folder, open for writing. */
export class RunFolder implements TrainingStore {
  /** Held while this process has the run to itself. */
  #lock: DiskFile | undefined;
  #described: { readonly identity: RunIdentity; readonly configText: string } | undefined;
  #metrics: LogFile | undefined;
  #timing: LogFile | undefined;
  #hasCheckpoint: boolean;

  private constructor(
    readonly path: string,
    private readonly existing: ExistingRun,
    private readonly disk: Disk,
    lock: DiskFile | undefined,
    /** What to go on from; absent in a run that starts. */
    readonly found?: FoundCheckpoint,
  ) {
    this.#lock = lock;
    this.#hasCheckpoint = found !== undefined;
  }

  /**
   * The folder at `path`. Nothing of a run is written or deleted before {@link RunFolder.start}, but a
   * run that is there already is this process's from now on.
   *
   * @param disk what all files are written by
   * @throws InputError if there is a run and `existing` is `refuse`, another process has it under
   *   way, it has begun but has no checkpoint to go on from, a config of somebody's own is there, or
   *   the folder cannot be written
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

  /** Says what the config and all checkpoints of the run hold; called before the start. */
  describe(identity: RunIdentity, configText: string): void {
    this.#described = { identity, configText };
  }

  /**
   * Makes the folder if it is missing, clears away what is not to stay, writes the config and opens
   * the log. Throws InputError if the folder cannot be written or another process has made a run
   * there meanwhile, RunError if the disk is full.
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

  /** Where the checkpoint of the last position is. */
  get lastPath(): string {
    return runFile(this.path, "last");
  }

  /** Where the checkpoint of the best validation is. */
  get bestPath(): string {
    return runFile(this.path, "best");
  }

  /** Where the folded network goes. */
  get foldedPath(): string {
    return runFile(this.path, "folded");
  }

  lastCheckpoint(): string | undefined {
    return this.#hasCheckpoint ? this.lastPath : undefined;
  }

  log(entry: Readonly<Record<string, unknown>>): Promise<void> {
    return this.#append("metrics", this.#metrics, entry);
  }

  /** Appends to the log of times, with the bytes of memory that the process takes. */
  logTiming(entry: TimingEntry): Promise<void> {
    return this.#append("timing", this.#timing, { ...entry, memory: Deno.memoryUsage().rss });
  }

  async #append(
    file: RunFile,
    log: LogFile | undefined,
    entry: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    if (!log) throw new Error("the run's folder is not open");
    try {
      await log.append(entry);
    } catch (error) {
      throw asRunError(runFile(this.path, file), error);
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
      // The log must not be shorter on disk than a checkpoint believes.
      await this.#metrics?.sync();
      if (kind === "last" && await exists(path)) await this.#replaceLast(checkpoint);
      else await writeCheckpoint(path, checkpoint, this.disk);
    } catch (error) {
      throw asRunError(path, error);
    }
    if (kind === "last") this.#hasCheckpoint = true;
  }

  /** Writes the last checkpoint and keeps the one before: while it is written, the two before. */
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

  /** What a run goes on from becomes its last checkpoint before the log is cut back to it. */
  async #makeLast({ file }: FoundCheckpoint): Promise<void> {
    if (file === "last") return;
    const copy = temporaryPath(this.lastPath);
    await this.disk.link(runFile(this.path, file), copy);
    // That of a later position than the best one would miss lines of the log.
    if (file === "best") await this.#remove("previous");
    await this.#settle(copy, this.lastPath);
  }

  /** Puts a second name of a file in the place of `path`. */
  async #settle(name: string, path: string): Promise<void> {
    await this.disk.rename(name, path);
    // Where both are names of the same file already, the system renames nothing.
    if (await exists(name)) await this.disk.remove(name);
  }

  /** Closes the logs and lets other processes have the run. */
  close(): void {
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

  /** Opens the logs, cut back to what is kept of them. */
  async #openLogs(): Promise<void> {
    const { metricsBytes = 0, state } = this.found?.checkpoint ?? {};
    this.#metrics = await LogFile.open(runFile(this.path, "metrics"), metricsBytes, this.disk);
    const timing = runFile(this.path, "timing");
    const kept = state ? await timingBytesUpTo(timing, state) : 0;
    this.#timing = await LogFile.open(timing, kept, this.disk);
  }

  /** Deletes what a run leaves; the config, which tells that it was one, goes last. */
  async #clear(): Promise<void> {
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

  /** What a killed process left half written. */
  async #removeTemporaryFiles(): Promise<void> {
    for (const file of RUN_FILES) {
      const path = runFile(this.path, file);
      if (await exists(dirname(path))) await removeTemporary(path);
    }
  }
}

/** Takes the lock of a run's folder; the system releases that of a process that dies. */
async function lockRun(path: string, disk: Disk): Promise<DiskFile> {
  let file: DiskFile;
  try {
    file = await disk.open(lockOf(path), { write: true, create: true });
  } catch (error) {
    throw explainRefusal(path, error);
  }
  // Some file systems have no locks.
  if (await file.tryLock(true).catch(() => true)) return file;
  file.close();
  throw new InputError(
    `${path}: another process has this run under way; wait for it, or choose another folder with ` +
      "--output",
  );
}

/** A full disk and its like are no defects: the checkpoint before is whole. */
function asRunError(path: string, error: unknown): unknown {
  // What writes a checkpoint has explained the refusal already, with other advice.
  const refusal = refusalOf(error instanceof UserError ? error.cause : error);
  return refusal === undefined ? error : new RunError(
    `${path} cannot be written: ${refusal}; mend that and go on with --resume`,
    { cause: error },
  );
}
