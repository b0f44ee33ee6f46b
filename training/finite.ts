/** Whether tensors hold numbers that a training can go on from. */
import type { TrainingTensors } from "../checkpoints/checkpoint.ts";
import { describeNotFinite } from "../networks/finite.ts";

/**
 * The first tensor after which every step gives NaN, and what it holds: weights or averages that are
 * not finite, or optimizer state that is NaN. Undefined if there is none.
 */
export function describeNoNumbers(
  { model, optimizer, ema }: TrainingTensors,
): string | undefined {
  for (const [name, { data }] of [...model, ...(ema ?? [])]) {
    const found = describeNotFinite(data);
    if (found) return `${name} holds ${found}`;
  }
  for (const [slot, state] of optimizer) {
    for (const [name, { data }] of state) {
      // Infinity may be there: a gradient's square, which only keeps its weight where it is.
      const found = describeNotFinite(data);
      if (found && Array.prototype.some.call(data, Number.isNaN)) {
        return `${slot} of ${name} holds ${found}`;
      }
    }
  }
}
