/** Exponential moving averages of the weights, which are then validated and folded. */
import { pendingUpdates, readVariable, updateVariable } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { BUFFERS, PARAMETERS } from "../layers/state.ts";
import { movingAverage } from "../ops/moving_average.ts";
import { z } from "../schema/entry.ts";

/**
 * An exponential moving average of the weights, warmed up as TensorFlow's
 * `ExponentialMovingAverage` with `num_updates`.
 */
export const emaSchema = z.strictObject({
  decay: z.number().positive().lt(1).default(0.999).describe(
    "Share of the average kept at each step",
  ),
  warmup: z.boolean().default(true).describe("Use min(decay, (1 + t) / (10 + t)) at step t"),
}).describe(
  "Exponential moving average of the weights, which is then what is validated and folded",
);

/** Averaging with every default filled in. */
export type Ema = z.output<typeof emaSchema>;

/** The variable that stores the average of another. */
export function averageOf(variable: string): string {
  return `ema.${variable}`;
}

/** Name of the scalar input of an update that averages: {@link averageDecay} of the step. */
export const DECAY_SCALAR = "averageDecay";

/** Share of the old average kept at the update of step `step` (from 0). */
export function averageDecay({ decay, warmup }: Ema, step: number): number {
  const t = step + 1;
  return warmup ? Math.min(decay, (1 + t) / (10 + t)) : decay;
}

/** Averages what the step has assigned to parameters and buffers; counters are copied. */
export function traceAverages(decay: Value): void {
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
