/** Whether tensors hold numbers that a training can go on from. */
import type { TrainingTensors } from "../checkpoints/checkpoint.ts";

/**
 * The name of the first tensor after which every step gives NaN: weights or averages that are not
 * finite, or optimizer state that is NaN. Undefined if there is none.
 */
export function notANumber({ model, optimizer, ema }: TrainingTensors): string | undefined {
  const weights = [...model, ...(ema ?? [])].find(([, { data }]) => !every(data, Number.isFinite));
  if (weights) return weights[0];
  for (const [slot, state] of optimizer) {
    for (const [name, { data }] of state) {
      if (!every(data, (value) => !Number.isNaN(value))) return `${slot} of ${name}`;
    }
  }
}

function every(data: ArrayLike<number | bigint>, holds: (value: number) => boolean): boolean {
  for (let i = 0; i < data.length; i++) {
    if (!holds(Number(data[i]))) return false;
  }
  return true;
}
