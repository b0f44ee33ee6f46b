/** Work that planning and compiling the same programs share is done once. */
import type { Program } from "../graph/types.ts";

/** What is built from lists of programs: kept from planning until compiling. */
export class Planned<T> {
  readonly #made = new WeakMap<readonly Program[], T>();

  constructor(private readonly make: (programs: readonly Program[]) => T) {}

  /** Builds it and keeps it until {@link take}. */
  plan(programs: readonly Program[]): T {
    const made = this.make(programs);
    this.#made.set(programs, made);
    return made;
  }

  /** Returns what was planned, else builds it; it is not kept any longer. */
  take(programs: readonly Program[]): T {
    const made = this.#made.get(programs) ?? this.make(programs);
    this.#made.delete(programs);
    return made;
  }
}
