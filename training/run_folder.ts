/**
 * The folder of a run: the resolved config, the metrics log and the checkpoints.
 *
 * `config.yaml`, `metrics.jsonl`, `checkpoints/last.safetensors`, `checkpoints/best.safetensors` and
 * `folded/`. A checkpoint knows how long the metrics log was; resuming cuts the log back to it, so
 * that a log that was written further than the run was saved repeats no line.
 */
import { join } from "node:path";
import {
  type Checkpoint,
  type CheckpointHeader,
  readCheckpoint,
  type TrainingTensors,
  writeCheckpoint,
} from "../checkpoints/checkpoint.ts";
import type { RunState } from "../checkpoints/run_state.ts";
import { InputError, RunError } from "../errors.ts";
import { writeAll, writeFileAtomic } from "../files/atomic.ts";
import { explainRefusal, refusalOf } from "../files/refusal.ts";
import type { TrainingStore } from "./trainer.ts";

/** Files and folders a run leaves, by what they are. */
const ENTRIES = {
  config: "config.yaml",
  metrics: "metrics.jsonl",
  checkpoints: "checkpoints",
  folded: "folded",
} as const;

/** What every checkpoint of a run says beside its position. */
export type RunIdentity = Omit<CheckpointHeader, "state" | "metricsBytes">;

/** How {@link RunFolder.open} treats a run that is there already. */
export type ExistingRun = "refuse" | "resume" | "replace";

/** A run's folder, open for writing. */
export class RunFolder implements TrainingStore {
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
   * The folder at `path`. Nothing is written or deleted before {@link RunFolder.start}.
   *
   * @param configText the resolved config as it is to be stored
   * @returns the folder and, when resuming, the checkpoint to go on from; a run that was stopped
   *   before its first checkpoint has none and starts anew
   * @throws InputError if there is a run and `existing` is `refuse`, or its checkpoint is damaged
   */
  static async open(
    path: string,
    identity: RunIdentity,
    configText: string,
    existing: ExistingRun,
  ): Promise<{ folder: RunFolder; checkpoint?: Checkpoint }> {
    await RunFolder.check(path, existing);
    const last = lastPathOf(path);
    const checkpoint = existing === "resume" && await exists(last)
      ? await readCheckpoint(last)
      : undefined;
    const kept = checkpoint?.metricsBytes ?? 0;
    const folder = new RunFolder(path, identity, configText, existing, kept);
    folder.#hasCheckpoint = checkpoint !== undefined;
    return { folder, ...(checkpoint ? { checkpoint } : {}) };
  }

  /**
   * Makes the folder if it is missing, clears away what is not to stay, writes the config and opens
   * the log. Throws InputError if the folder cannot be written, RunError if the disk is full.
   */
  async start(): Promise<void> {
    try {
      if (this.existing === "replace") await this.#clear();
      await Deno.mkdir(this.#entry("checkpoints"), { recursive: true });
      await this.#removeTemporaryFiles();
      await writeFileAtomic(this.#entry("config"), this.configText);
      await this.#openMetrics();
    } catch (error) {
      throw explainRefusal(this.path, error);
    }
  }

  /** Throws InputError if there is a run at `path` that is to be left alone. */
  static async check(path: string, existing: ExistingRun): Promise<void> {
    if (existing !== "refuse") return;
    for (const entry of Object.values(ENTRIES)) {
      if (await exists(join(path, entry))) {
        throw new InputError(
          `${path} already holds a run; go on with it by --resume, start anew with --force ` +
            "(its checkpoints are then deleted), or choose another folder with --output",
        );
      }
    }
  }

  /** Where the checkpoint of the last position is. */
  get lastPath(): string {
    return lastPathOf(this.path);
  }

  /** Where the checkpoint of the best validation is. */
  get bestPath(): string {
    return join(this.#entry("checkpoints"), "best.safetensors");
  }

  /** Where the folded network goes. */
  get foldedPath(): string {
    return join(this.#entry("folded"), "model.safetensors");
  }

  /** Whether a best checkpoint has been kept. */
  hasBest(): Promise<boolean> {
    return exists(this.bestPath);
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
      throw asRunError(this.#entry("metrics"), error);
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

  /** Closes the metrics log. */
  close(): void {
    this.#metrics?.close();
    this.#metrics = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #entry(name: keyof typeof ENTRIES): string {
    return join(this.path, ENTRIES[name]);
  }

  /** Deletes what a run leaves, checkpoints first, and nothing else that may be in the folder. */
  async #clear(): Promise<void> {
    for (const name of ["checkpoints", "folded", "metrics", "config"] as const) {
      if (await exists(this.#entry(name))) {
        await Deno.remove(this.#entry(name), { recursive: true });
      }
    }
  }

  /** What a killed process left half written. */
  async #removeTemporaryFiles(): Promise<void> {
    for (const folder of [this.path, this.#entry("checkpoints"), this.#entry("folded")]) {
      if (!await exists(folder)) continue;
      for await (const { name } of Deno.readDir(folder)) {
        if (/^\..*\.tmp$/.test(name)) await Deno.remove(join(folder, name));
      }
    }
  }

  async #openMetrics(): Promise<void> {
    this.#metrics = await Deno.open(this.#entry("metrics"), { write: true, create: true });
    const { size } = await this.#metrics.stat();
    this.#metricsBytes = Math.min(this.keptMetricsBytes, size);
    await this.#metrics.truncate(this.#metricsBytes);
    await this.#metrics.seek(this.#metricsBytes, Deno.SeekMode.Start);
  }
}

/** A full disk and its like are no defects: the checkpoint before is whole. */
function asRunError(path: string, error: unknown): unknown {
  const refusal = refusalOf(error);
  return refusal === undefined ? error : new RunError(
    `${path} cannot be written: ${refusal}; mend that and go on with --resume`,
    { cause: error },
  );
}

/** The checkpoint of the last position of the run in a folder. */
function lastPathOf(path: string): string {
  return join(path, ENTRIES.checkpoints, "last.safetensors");
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return false;
    }
    throw error;
  }
}
