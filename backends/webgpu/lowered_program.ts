/** A lowered program: dispatches over memory that has no addresses yet. */
import type { GraphNode, Program } from "../../graph/types.ts";
import type { ConstantData, Dispatch, MemoryBuffer, Ref } from "./kernel.ts";

/** A dispatch and the node it belongs to. */
export interface LoweredDispatch extends Dispatch {
  /** The module and the op, for profiles. */
  readonly label: string;
}

/** Memory that is copied to a variable after all dispatches. */
export interface UpdateCopy {
  readonly source: Ref;
  readonly target: Ref;
}

/** A node whose kernel has variants. */
export interface TunableKernel {
  /** See `kernelKey`. */
  readonly key: string;
  readonly node: GraphNode;
  /** Names of the variants; the first is the family's own choice. */
  readonly variants: readonly string[];
  /** The variant that the tuning names; ignored if it does not exist. */
  readonly tuned?: string;
}

/** A program as dispatches over memory that has no addresses yet. */
export interface LoweredProgram {
  readonly name: string;
  /** The program as the user traced it; inputs are checked against it. */
  readonly program: Program;
  readonly dispatches: readonly LoweredDispatch[];
  /** Where each input is written before a run; scalars share a buffer. */
  readonly inputs: ReadonlyMap<string, Ref>;
  /** Contents of constant memory. */
  readonly constants: ReadonlyMap<MemoryBuffer, ConstantData>;
  readonly outputs: Readonly<Record<string, Ref>>;
  readonly copies: readonly UpdateCopy[];
  readonly tunable: readonly TunableKernel[];
}

/** The memory of variables, by name; shared by the programs of an executable. */
export type VariableBuffers = ReadonlyMap<string, MemoryBuffer>;
