/** The end of a training step: what becomes of parameters, optimizer state and averages. */
import { input, pendingUpdates, readVariable, updateVariable } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { BUFFERS, PARAMETERS, type StateLayout } from "../layers/state.ts";
import { movingAverage } from "../ops/moving_average.ts";
import { scale } from "../ops/scale.ts";
import { slice } from "../ops/slice.ts";
import { clipGradient } from "./clip.ts";
import { createOptimizer } from "./optimizers.ts";
import { parameterGroups } from "./parameter_groups.ts";
import type { Recipe } from "./step_program.ts";

/** The variable that averages another. */
export function averageOf(variable: string): string {
  return `ema.${variable}`;
}

/** The variable of an optimizer slot, laid out like `parameters`. */
export function slotVariable(slot: string): string {
  return `optimizer.${slot}`;
}

/** Clips, updates every parameter and moves the averages. */
export function traceUpdate(layout: StateLayout, recipe: Recipe, gradient: Value): void {
  const optimizer = createOptimizer(recipe.optimizer);
  const clipped = recipe.clip ? clipGradient(gradient, recipe.clip) : gradient;
  const scalars = Object.fromEntries(
    Object.keys(optimizer.scalars(0, { learningRate: 0 })).map((name) => [name, input(name, [])]),
  );
  const decay = recipe.ema ? input("averageDecay", []) : undefined;
  for (const { offset, size, weightDecay, rate } of parameterGroups(layout, recipe)) {
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

/** Averages what the step has assigned to parameters and buffers; counters are copied. */
function traceAverages(decay: Value): void {
  const assigned = pendingUpdates().filter(({ variable }) =>
    variable === PARAMETERS || variable === BUFFERS
  );
  for (const { variable, offset, value } of assigned) {
    const average = averageOf(variable);
    const isCounter = value.shape.length === 0;
    updateVariable(
      average,
      offset,
      isCounter ? value : movingAverage(readVariable(average, offset, value.shape), value, decay),
    );
  }
}
