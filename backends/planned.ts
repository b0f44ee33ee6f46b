/** Programs are planned before they are compiled, mostly the same ones: what that takes is done once. */
import type { Program } from "../graph/types.ts";

/** What is made of lists of programs: kept from when it is planned until it is compiled. */
export class Planned<T> {
  readonly #made = new WeakMap<readonly Program[], T>();

  constructor(private readonly make: (programs: readonly Program[]) => T) {}

  /** For a plan. */
  plan(programs: readonly Program[]): T {
    const made = this.make(programs);
    this.#made.set(programs, made);
    return made;
  }

  /** To compile; not kept any longer. */
  take(programs: readonly Program[]): T {
    const made = this.#made.get(programs) ?? this.make(programs);
    this.#made.delete(programs);
    return made;
  }
}
