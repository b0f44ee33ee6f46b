/** What an entry of the registry of objectives is. */
import type { Entry, z } from "../../schema/entry.ts";
import type { Objective } from "./objective.ts";

/** An objective that a config can name. */
export interface ObjectiveEntry<S extends z.ZodObject = z.ZodObject> extends Entry<S> {
  /** The objective for a network of this many classes. */
  build(options: z.output<S>, network: { readonly classes: number }): Objective;
}
