/**
 * Reads results back without waiting for each of them.
 *
 * In Deno, `mapAsync` blocks the calling thread until the queue is idle, and its promise takes
 * another 10 ms, which a device that reads early saves. A blocked thread prepares no further run,
 * and when it continues the GPU is idle. So the outputs of several runs are collected in one
 * readback buffer, which is mapped once: when it is full, or when no further run has followed for a
 * moment, since a caller that awaits each run starts none. While a promise is pending, further runs
 * use another buffer.
 */
import { RunError } from "../../errors.ts";
import type { Device } from "./device.ts";
import { Staging } from "./staging.ts";

/** Most runs whose outputs share a buffer. Measure these with `deno task bench CONFIG`. */
export const RUNS_PER_READBACK = 8;
/** Most bytes of a buffer for several runs. */
const MAX_BYTES = 1 << 22;
/** Milliseconds without a run before the buffer is read: the time of a worker's batch. */
const PATIENCE = 2;

/** A run whose outputs have not arrived. */
interface PendingRun {
  readonly resolve: (data: ArrayBuffer) => void;
  readonly reject: (error: RunError) => void;
}

/** A buffer that collects the outputs of runs. */
interface Batch {
  readonly buffer: GPUBuffer;
  readonly runs: PendingRun[];
}

/** The readback of one program's outputs, of `bytes` bytes per run. */
export class Readback {
  readonly #device: Device;
  readonly #bytes: number;
  readonly #capacity: number;
  readonly #staging: Staging;
  readonly #reading = new Set<Batch>();
  readonly #forget: () => void;
  #open: Batch | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(device: Device, bytes: number) {
    this.#device = device;
    this.#bytes = Math.max(16, bytes);
    this.#capacity = Math.max(1, Math.min(RUNS_PER_READBACK, Math.floor(MAX_BYTES / this.#bytes)));
    this.#staging = new Staging(device, "readback", this.#capacity * this.#bytes);
    this.#forget = device.onFailure((failure) => this.#rejectAll(failure));
  }

  /**
   * Reserves a place for one run's outputs and calls `submit` with it, which must submit the run.
   * Resolves with the bytes.
   */
  add(submit: (buffer: GPUBuffer, offset: number) => void): Promise<ArrayBuffer> {
    clearTimeout(this.#timer);
    const batch = this.#open ??= { buffer: this.#staging.take(), runs: [] };
    submit(batch.buffer, batch.runs.length * this.#bytes);
    const result = new Promise<ArrayBuffer>((resolve, reject) => {
      batch.runs.push({ resolve, reject });
    });
    if (batch.runs.length === this.#capacity) this.flush();
    else this.#timer = setTimeout(() => this.flush(), PATIENCE);
    return result;
  }

  /** Starts to read the outputs collected so far. */
  flush(): void {
    clearTimeout(this.#timer);
    const batch = this.#open;
    if (!batch) return;
    this.#open = undefined;
    this.#reading.add(batch);
    this.#read(batch).catch((error) => {
      const failure = this.#device.failure ?? new RunError(
        `the results could not be read back from the WebGPU device: ${error.message}`,
      );
      batch.runs.forEach(({ reject }) => reject(failure));
    }).finally(() => this.#reading.delete(batch));
  }

  /** Frees the buffers. Runs whose results have not arrived are rejected. */
  dispose(): void {
    this.#forget();
    this.#staging.dispose();
    if (this.#open) this.#staging.give(this.#open.buffer);
    this.#rejectAll(new RunError("the program was disposed of before its results were read back"));
  }

  async #read({ buffer, runs }: Batch): Promise<void> {
    const outputs = await this.#staging.read(
      buffer,
      runs.length * this.#bytes,
      (data) => runs.map((_, i) => data.slice(i * this.#bytes, (i + 1) * this.#bytes)),
    );
    runs.forEach(({ resolve }, i) => resolve(outputs[i]));
  }

  #rejectAll(failure: RunError): void {
    clearTimeout(this.#timer);
    const batches = [...this.#reading, ...(this.#open ? [this.#open] : [])];
    this.#open = undefined;
    batches.forEach(({ runs }) => runs.forEach(({ reject }) => reject(failure)));
  }
}
