import { type Choice, chosen } from "../../schema/entry.ts";
import { adam } from "./adam.ts";
import { adamw } from "./adamw.ts";
import type { Optimizer, OptimizerEntry } from "./optimizer.ts";
import { rmsprop } from "./rmsprop.ts";
import { sgd } from "./sgd.ts";

/** The optimizers by the names that configs use. */
export const OPTIMIZERS = { sgd, adam, adamw, rmsprop } satisfies Record<string, OptimizerEntry>;

/** How parameters are updated from gradients: `{ name, …options }`, or a name alone. */
export type OptimizerOptions = Choice<typeof OPTIMIZERS>;

/** The optimizer of these options. Throws InputError, `at` the option, for an invalid one. */
export function createOptimizer(options: OptimizerOptions): Optimizer {
  const { entry, options: own } = chosen<OptimizerEntry>(OPTIMIZERS, options, "optimizer");
  return entry.build(own);
}
