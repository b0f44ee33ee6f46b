/** The variables of a training: the model's, the optimizer's slots, the averages. */
import type { Variable } from "../graph/types.ts";
import { averageOf } from "./ema.ts";
import { LOSS_SCALE_VARIABLE } from "./loss_scale.ts";
import { normsVariable } from "./norms.ts";
import { sum } from "../reporting/statistics.ts";
import type { ResolvedRecipe } from "./recipe.ts";

/**
 * Stores the contributions of batches to an update, each times its weight, laid out [`parameters` |
 * `buffers` | 1]: gradients, changes of the buffers, and the total weight.
 */
export const CONTRIBUTION = "contribution";

/** The variable of an optimizer slot, laid out like `parameters`. */
export function slotVariable(slot: string): string {
  return `optimizer.${slot}`;
}

/** All variables of a training, which all its programs may read. */
export function trainingVariables(recipe: ResolvedRecipe, withNorms = false): Variable[] {
  const { layout, parameterSize: size, optimizer, ema, lossScale } = recipe;
  return [
    ...layout.variables,
    ...optimizer.slots.map((slot) => ({ name: slotVariable(slot), size })),
    ...(ema ? layout.variables.map(({ name, size }) => ({ name: averageOf(name), size })) : []),
    ...(lossScale ? [LOSS_SCALE_VARIABLE] : []),
    ...(withNorms ? [normsVariable(recipe)] : []),
  ];
}

/** {@link CONTRIBUTION} and its size. */
export function contributionVariable(recipe: ResolvedRecipe): Variable {
  return { name: CONTRIBUTION, size: stateSize(recipe) + 1 };
}

/** Elements of `parameters` and `buffers` together. */
export function stateSize({ layout }: Pick<ResolvedRecipe, "layout">): number {
  return sum(layout.variables.map(({ size }) => size));
}
