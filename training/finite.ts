/** Checks that tensors contain numbers from which a training can continue. */
import type { TrainingTensors } from "../checkpoints/checkpoint.ts";
import { describeNotFinite } from "../networks/finite.ts";

/**
 * The first tensor that makes every step NaN, and its contents: weights or averages that are not
 * finite, or optimizer state that is NaN. Undefined if there is none.
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
      // Infinity is allowed: the square of a gradient, which only freezes its weight.
      const found = describeNotFinite(data);
      if (found && Array.prototype.some.call(data, Number.isNaN)) {
        return `${slot} of ${name} holds ${found}`;
      }
    }
  }
}
