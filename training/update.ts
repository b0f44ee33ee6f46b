/** The end of a training step: updates of parameters, optimizer state and averages. */
import type { Optimizer } from "./optimizers/optimizer.ts";
import { input, readVariable, updateVariable } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { PARAMETERS } from "../layers/state.ts";
import { scale } from "../ops/scale.ts";
import { slice } from "../ops/slice.ts";
import { clipGradient } from "./clip.ts";
import { DECAY_SCALAR, traceAverages } from "./ema.ts";
import { updateUnscaled } from "./loss_scale.ts";
import { traceNorms } from "./norms.ts";
import type { ResolvedRecipe } from "./recipe.ts";
import { slotVariable } from "./variables.ts";

/**
 * Unscales and clips the gradient of the (scaled) loss, updates every parameter and moves the
 * averages. Buffers must have been assigned before.
 *
 * @param withNorms whether the step's norms are stored in their variable. Default false
 */
export function traceUpdate(recipe: ResolvedRecipe, gradient: Value, withNorms = false): void {
  const { lossScale } = recipe;
  let unscaled = gradient;
  if (!lossScale) traceUnscaled(recipe, gradient);
  else {
    updateUnscaled(gradient, lossScale, (gradient) => {
      unscaled = gradient;
      traceUnscaled(recipe, gradient);
    });
  }
  if (withNorms) traceNorms(recipe, unscaled);
}

function traceUnscaled({ optimizer, groups, clip, ema }: ResolvedRecipe, gradient: Value): void {
  const clipped = clip ? clipGradient(gradient, clip) : gradient;
  const decay = ema ? input(DECAY_SCALAR, []) : undefined;
  for (const { offset, size, weightDecay, rate, isReleased } of groups) {
    const scalars = scalarInputs(optimizer, isReleased);
    const read = (variable: string) => readVariable(variable, offset, [size]);
    const updated = optimizer.update({
      parameter: read(PARAMETERS),
      gradient: slice(clipped, offset, size),
      slots: Object.fromEntries(
        optimizer.slots.map((slot) => [slot, read(slotVariable(slot))]),
      ),
      scalars: rate === 1
        ? scalars
        : { ...scalars, learningRate: scale(scalars.learningRate, rate) },
      weightDecay,
    });
    updateVariable(PARAMETERS, offset, updated.parameter);
    for (const slot of optimizer.slots) {
      const value = updated.slots[slot];
      if (value) updateVariable(slotVariable(slot), offset, value);
    }
  }
  if (decay) traceAverages(decay);
}

/** Prefix of the scalars of parameters that were frozen at first. */
export const RELEASED = "released.";

/** The optimizer's scalars by their own names. */
function scalarInputs({ scalars }: Optimizer, isReleased: boolean): Record<string, Value> {
  const prefix = isReleased ? RELEASED : "";
  return Object.fromEntries(scalars.map((name) => [name, input(prefix + name, [])]));
}
