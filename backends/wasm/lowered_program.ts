/** Programs as launches: what lowering makes and the emitter and the executable take. */
import type { Program, TensorType } from "../../graph/types.ts";
import type { MemoryBuffer, Ref } from "./kernel.ts";
import type { LaunchSequence } from "./launch_order.ts";

/** Something that goes into memory before a run or comes out after it; always in plain order. */
export interface Port {
  readonly type: TensorType;
  readonly ref: Ref;
}

/** A program as launches. */
export interface LoweredProgram {
  readonly name: string;
  /** What was lowered. */
  readonly source: Program;
  /** What runs once, before the first run. */
  readonly preparation: LaunchSequence;
  /** What every run does. */
  readonly main: LaunchSequence;
  readonly inputs: ReadonlyMap<string, Port>;
  readonly outputs: ReadonlyMap<string, Port>;
}

/** Memory that all programs of a compilation share or that outlives a run. */
export interface PersistentBuffers {
  /** By name; the contents survive. */
  readonly variables: Map<string, MemoryBuffer>;
  /** Written before a run, kept until the next. */
  readonly inputs: MemoryBuffer[];
  /** Constant data. */
  readonly tables: Map<MemoryBuffer, Uint8Array>;
  /** What preparations compute. */
  readonly prepared: MemoryBuffer[];
}

/** Programs as launches, and the memory that outlives them. */
export interface LoweredPrograms {
  readonly programs: readonly LoweredProgram[];
  readonly persistent: PersistentBuffers;
}
