/** Programs as launches: what lowering produces for the emitter and the executable. */
import type { Program, TensorType } from "../../graph/types.ts";
import type { MemoryBuffer, Ref } from "./kernel.ts";
import type { LaunchSequence } from "./launch_order.ts";

/** An input or output of a program; always in plain order. */
export interface Port {
  readonly type: TensorType;
  readonly ref: Ref;
}

export interface LoweredProgram {
  readonly name: string;
  /** The program that was lowered. */
  readonly source: Program;
  /** Launches that run once, before the first run. */
  readonly preparation: LaunchSequence;
  /** Launches of every run. */
  readonly main: LaunchSequence;
  readonly inputs: ReadonlyMap<string, Port>;
  readonly outputs: ReadonlyMap<string, Port>;
}

/** Memory that all programs of a compilation share or that outlives a run. */
export interface PersistentBuffers {
  /** By name; contents persist between runs. */
  readonly variables: Map<string, MemoryBuffer>;
  /** Written before a run, kept until the next. */
  readonly inputs: MemoryBuffer[];
  /** Constant data. */
  readonly tables: Map<MemoryBuffer, Uint8Array>;
  readonly prepared: MemoryBuffer[];
}

/** Programs as launches, and the memory that outlives them. */
export interface LoweredPrograms {
  readonly programs: readonly LoweredProgram[];
  readonly persistent: PersistentBuffers;
}
