/**
 * What a backend is: something that compiles tensor programs and runs them. Nothing above this
 * interface knows which backend runs.
 */
import { InputError, RunError } from "../errors.ts";
import type { Program } from "../graph/types.ts";

/** Data of one program input or output: f32, i32 or u8, row-major in the program's shape. */
export type TensorData = Float32Array | Int32Array | Uint8Array;

/** Bytes a set of programs needs. */
export interface MemoryPlan {
  /** All memory together. */
  readonly totalBytes: number;
  /** Parameters, statistics, optimizer slots: what outlives a run. */
  readonly variableBytes: number;
  /** Activations, gradients and scratch of the most demanding program. */
  readonly temporaryBytes: number;
  /** Whether the backend can address `totalBytes`; the system may still have less. */
  readonly fits: boolean;
}

/** Programs need more memory than a backend can address. The message names both amounts. */
export class MemoryLimitError extends InputError {
  override name = "MemoryLimitError";
}

/** The device of a backend failed. Nothing runs on it any more; data stored only there is lost. */
export class DeviceError extends RunError {
  override name = "DeviceError";
}

/** Name of the kernels that convert a value's memory layout; a backend adds them to a program. */
export const LAYOUT_CONVERSION = "convertLayout";

/** Time spent in one kernel of a program. */
export interface KernelTiming {
  /** Kernel family, such as `conv2d`. */
  readonly kernel: string;
  /** Module path and shape, for people to read. */
  readonly label: string;
  /** Milliseconds per run. */
  readonly milliseconds: number;
  /** Floating-point operations per run, where the kernel knows them. */
  readonly flops: number;
  /** Bytes per run that the kernel loads and stores, where the backend knows them. */
  readonly bytes?: number;
}

/** Programs ready to run over one set of variables. */
export interface Executable {
  /**
   * Runs a program once on the given inputs and resolves with its outputs. A backend may resolve
   * late, after further runs have started; runs take effect in the order of the calls.
   * Throws InputError for a missing, unknown or misshapen input.
   */
  run(
    program: string,
    inputs: Readonly<Record<string, TensorData>>,
  ): Promise<Record<string, Float32Array>>;
  /**
   * A copy of a variable: in `into` if given, else in a new array. Later runs do not change it.
   * Rejects with InputError if `into` has another number of elements.
   */
  read(variable: string, into?: Float32Array): Promise<Float32Array>;
  /** Overwrites a variable from element `offset` (default 0) on. Variables start as zeros. */
  write(variable: string, data: Float32Array, offset?: number): void;
  /** Times each kernel of a program over `runs` runs with the inputs of the last run. */
  profile(program: string, runs: number): Promise<KernelTiming[]>;
  /** Frees memory and threads. */
  dispose(): void;
}

/**
 * Everything besides the program and its inputs that decides the bits of a backend's results, as
 * plain data: backends with equal numerics give equal bits.
 */
export type Numerics = Readonly<Record<string, unknown>>;

/** A backend as a checkpoint names it. */
export type BackendRecord = Pick<Backend, "name" | "numerics">;

/** A backend. */
export interface Backend {
  /** `cpu`, `webgpu` or `reference`. */
  readonly name: string;
  /** One line for people to read: device, threads, instruction set. */
  readonly description: string;
  /** Threads that compute; 1 where the notion does not apply. */
  readonly threads: number;
  /** What decides its bits; pass it to `openBackend` to repeat them. */
  readonly numerics: Numerics;
  /** Maximum runs to keep in flight: more would not keep it busier. At least 2. */
  readonly runsInFlight: number;
  /** @deprecated Half of `runsInFlight`, which backends of former versions lack. */
  readonly runsPerReadback?: number;
  /** Whether `run` computes in the calling thread, so that its events wait until the run is done. */
  readonly blocking: boolean;
  /**
   * The same device in full precision, where this backend stores some numbers in 16 bits: small
   * gradients then vanish unless the loss is scaled, and results should be checked.
   */
  readonly fullPrecision?: Backend;
  /** The memory the programs need together, without allocating it. */
  plan(programs: readonly Program[]): MemoryPlan;
  /**
   * Compiles programs that share variables of equal names; they never run at the same time.
   * Throws MemoryLimitError if they do not fit; see {@link MemoryPlan.fits}.
   */
  compile(programs: readonly Program[]): Promise<Executable>;
}
