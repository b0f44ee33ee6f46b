/**
 * The folder of a run: the resolved config, the metrics log and the checkpoints.
 *
 * `config.yaml`, `metrics.jsonl`, `checkpoints/last.safetensors`, `checkpoints/best.safetensors` and
 * `folded/`. A checkpoint knows how long the metrics log was; resuming cuts the log back to it, so
 * that a log that was written further than the run was saved repeats no line.
 */
import { dirname, join } from "node:path";
import {
  type Checkpoint,
  type CheckpointHeader,
  readCheckpoint,
  type TrainingTensors,
  writeCheckpoint,
} from "../checkpoints/checkpoint.ts";
import type { RunState } from "../checkpoints/run_state.ts";
import { InputError, RunError, UserError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { writeAll } from "../files/disk.ts";
import { exists } from "../files/exists.ts";
import { explainRefusal, refusalOf } from "../files/refusal.ts";
import type { TrainingStore } from "./observer.ts";

/** Files a run leaves, by what they are; nothing else in its folder is ever deleted. */
const FILES = {
  config: "config.yaml",
  metrics: "metrics.jsonl",
  last: "checkpoints/last.safetensors",
  best: "checkpoints/best.safetensors",
  folded: "folded/model.safetensors",
} as const;

/** An empty file that the process locks that has the run under way. */
const LOCK = ".lock";

/** Begins the config of a run, and tells it from one that somebody wrote. */
const CONFIG_HEAD =
  "# The config of this run, with every default filled in; written by Overfold.\n";

/** What every checkpoint of a run says beside its position. */
export type RunIdentity = Omit<CheckpointHeader, "state" | "metricsBytes">;

/** How {@link RunFolder.open} treats a run that is there already. */
export type ExistingRun = "refuse" | "resume" | "replace";

/** A run's folder, open for writing. */
export class RunFolder implements TrainingStore {
  /** Held while this process has the run to itself. */
  #lock: Deno.FsFile | undefined;
  #metrics: Deno.FsFile | undefined;
  #metricsBytes = 0;
  #hasCheckpoint = false;

  private constructor(
    readonly path: string,
    private readonly identity: RunIdentity,
    private readonly configText: string,
    private readonly existing: ExistingRun,
    /** Length of the metrics log that is kept. */
    private readonly keptMetricsBytes: number,
  ) {}

  /**
   * The folder at `path`. Nothing of a run is written or deleted before {@link RunFolder.start}, but a
   * run that is there already is this process's from now on.
   *
   * @param configText the resolved config as it is to be stored
   * @returns the folder and, when resuming, the checkpoint to go on from; a run that was stopped
   *   before its first checkpoint has none and starts anew
   * @throws InputError if there is a run and `existing` is `refuse`, another process has it under
   *   way, its checkpoint is damaged, a config of somebody's own is there, or the folder cannot be
   *   written
   */
  static async open(
    path: string,
    identity: RunIdentity,
    configText: string,
    existing: ExistingRun,
  ): Promise<{ folder: RunFolder; checkpoint?: Checkpoint }> {
    await RunFolder.check(path, existing);
    const lock = await exists(path) ? await lockRun(path) : undefined;
    try {
      const last = join(path, FILES.last);
      const checkpoint = existing === "resume" && await exists(last)
        ? await readCheckpoint(last)
        : undefined;
      const kept = checkpoint?.metricsBytes ?? 0;
      const folder = new RunFolder(path, identity, configText, existing, kept);
      folder.#lock = lock;
      folder.#hasCheckpoint = checkpoint !== undefined;
      return { folder, ...(checkpoint ? { checkpoint } : {}) };
    } catch (error) {
      lock?.close();
      throw error;
    }
  }

  /**
   * Makes the folder if it is missing, clears away what is not to stay, writes the config and opens
   * the log. Throws InputError if the folder cannot be written or another process has made a run
   * there meanwhile, RunError if the disk is full.
   */
  async start(): Promise<void> {
    try {
      await Deno.mkdir(join(this.path, dirname(FILES.last)), { recursive: true });
      if (!this.#lock) {
        this.#lock = await lockRun(this.path);
        await RunFolder.check(this.path, "refuse");
      }
      if (this.existing === "replace") await this.#clear();
      await this.#removeTemporaryFiles();
      await writeFileAtomic(this.#file("config"), CONFIG_HEAD + this.configText);
      await this.#openMetrics();
    } catch (error) {
      throw explainRefusal(this.path, error);
    }
  }

  /**
   * Throws InputError if there is a run at `path` that is to be left alone, or a config of
   * somebody's own.
   */
  static async check(path: string, existing: ExistingRun): Promise<void> {
    const config = join(path, FILES.config);
    const isRun = !await exists(config) || await exists(join(path, FILES.last)) ||
      await startsWith(config, CONFIG_HEAD);
    if (!isRun) {
      throw new InputError(
        `${config} would be overwritten, which no run wrote; choose another folder with --output`,
      );
    }
    if (existing !== "refuse") return;
    for (const file of Object.values(FILES)) {
      if (await exists(join(path, file))) {
        throw new InputError(
          `${path} already holds a run; go on with it by --resume, start anew with --force ` +
            "(its checkpoints are then deleted), or choose another folder with --output",
        );
      }
    }
  }

  /** Where the checkpoint of the last position is. */
  get lastPath(): string {
    return this.#file("last");
  }

  /** Where the checkpoint of the best validation is. */
  get bestPath(): string {
    return this.#file("best");
  }

  /** Where the folded network goes. */
  get foldedPath(): string {
    return this.#file("folded");
  }

  lastCheckpoint(): string | undefined {
    return this.#hasCheckpoint ? this.lastPath : undefined;
  }

  async log(entry: Readonly<Record<string, unknown>>): Promise<void> {
    if (!this.#metrics) throw new Error("the run's folder is not open");
    const line = new TextEncoder().encode(`${JSON.stringify(entry)}\n`);
    try {
      await writeAll(this.#metrics, line);
    } catch (error) {
      throw asRunError(this.#file("metrics"), error);
    }
    this.#metricsBytes += line.length;
  }

  async save(kind: "last" | "best", tensors: TrainingTensors, state: RunState): Promise<void> {
    // The log must not be shorter on disk than a checkpoint believes.
    const path = kind === "last" ? this.lastPath : this.bestPath;
    try {
      await this.#metrics?.sync();
      await writeCheckpoint(path, {
        ...this.identity,
        state,
        metricsBytes: this.#metricsBytes,
        tensors,
      });
    } catch (error) {
      throw asRunError(path, error);
    }
    if (kind === "last") this.#hasCheckpoint = true;
  }

  /** Closes the metrics log and lets other processes have the run. */
  close(): void {
    this.#metrics?.close();
    this.#lock?.close();
    this.#metrics = this.#lock = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #file(name: keyof typeof FILES): string {
    return join(this.path, FILES[name]);
  }

  /** Opens the log, cut back to what is kept of it. */
  async #openMetrics(): Promise<void> {
    const file = await Deno.open(this.#file("metrics"), { write: true, create: true });
    this.#metrics = file;
    const { size } = await file.stat();
    this.#metricsBytes = Math.min(this.keptMetricsBytes, size);
    await file.truncate(this.#metricsBytes);
    await file.seek(this.#metricsBytes, Deno.SeekMode.Start);
  }

  /** Deletes what a run leaves, checkpoints first; the log is emptied by and by. */
  async #clear(): Promise<void> {
    for (const name of ["last", "best", "folded", "config"] as const) {
      if (await exists(this.#file(name))) await Deno.remove(this.#file(name));
    }
  }

  /** What a killed process left half written. */
  async #removeTemporaryFiles(): Promise<void> {
    const folders = new Set(Object.values(FILES).map((file) => dirname(join(this.path, file))));
    for (const folder of folders) {
      if (!await exists(folder)) continue;
      for await (const { name } of Deno.readDir(folder)) {
        if (/^\..*\.tmp$/.test(name)) await Deno.remove(join(folder, name));
      }
    }
  }
}

/** Takes the lock of a run's folder; the system releases that of a process that dies. */
async function lockRun(path: string): Promise<Deno.FsFile> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(join(path, LOCK), { write: true, create: true });
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

/** Whether a file begins with a text; one that cannot be read does not. */
async function startsWith(path: string, text: string): Promise<boolean> {
  return (await Deno.readTextFile(path).catch(() => "")).startsWith(text);
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
