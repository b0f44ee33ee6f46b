/** What lowering makes of a program: dispatches over memory whose addresses are open. */
import type { GraphNode, Program } from "../../graph/types.ts";
import type { Dispatch, MemoryBuffer, Ref } from "./kernel.ts";

/** A dispatch with the node it belongs to. */
export interface LoweredDispatch extends Dispatch {
  /** The op and module the dispatch belongs to, for profiles. */
  readonly label: string;
}

/** Memory copied to a variable when all dispatches are done. */
export interface UpdateCopy {
  readonly source: Ref;
  readonly target: Ref;
}

/** A node whose kernel has several variants. */
export interface TunableKernel {
  /** See `kernelKey`. */
  readonly key: string;
  readonly node: GraphNode;
  /** Names of the variants; the first is the family's own choice. */
  readonly variants: readonly string[];
  /** The variant that the tuning names; it may be one that there is not, and is not taken then. */
  readonly tuned?: string;
}

/** A program as dispatches over memory whose addresses are open. */
export interface LoweredProgram {
  readonly name: string;
  /** The program as the user traced it: what inputs are checked against. */
  readonly program: Program;
  readonly dispatches: readonly LoweredDispatch[];
  /** Where each input is written before a run. Scalars share a buffer. */
  readonly inputs: ReadonlyMap<string, Ref>;
  /** Constant memory and its contents. */
  readonly constants: ReadonlyMap<
    MemoryBuffer,
    Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>
  >;
  readonly outputs: Readonly<Record<string, Ref>>;
  readonly copies: readonly UpdateCopy[];
  readonly tunable: readonly TunableKernel[];
}

/** The memory of variables, by name; shared by the programs of an executable. */
export type VariableBuffers = ReadonlyMap<string, MemoryBuffer>;
