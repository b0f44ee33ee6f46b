/**
 * Dynamic loss scaling: the loss is multiplied before gradients are computed, so that none
 * underflows, and gradients are divided again. A step whose gradients are not finite changes
 * nothing but the scale. All of it is ordinary ops, so every backend runs it.
 */
import { mapUpdates, readVariable, updateVariable } from "../graph/trace.ts";
import type { Value, Variable } from "../graph/types.ts";
import { divideScalar } from "../ops/divide_scalar.ts";
import { maximumMagnitude } from "../ops/maximum_magnitude.ts";
import { updateLossScale } from "../ops/update_loss_scale.ts";
import { whereFinite } from "../ops/where_finite.ts";
import { z } from "../schema/entry.ts";

/** Dynamic loss scaling; `torch.amp.GradScaler`. Powers of 2 add no rounding. */
export const lossScaleSchema = z.strictObject({
  initialScale: z.number().positive().default(65536).describe("The first factor of the loss"),
  growthFactor: z.number().positive().default(2).describe(
    "Factor of the scale after growthInterval steps in a row with finite gradients",
  ),
  backoffFactor: z.number().positive().default(0.5).describe(
    "Factor of the scale after a step whose gradients are not finite",
  ),
  growthInterval: z.int().min(1).default(2000).describe("Steps until the scale grows"),
});

/** Loss scaling with every default filled in. */
export type LossScale = z.output<typeof lossScaleSchema>;

/** Stores the scale and the number of consecutive steps with finite gradients. */
export const LOSS_SCALE_VARIABLE: Variable = { name: "lossScale", size: 2 };

/** Below this scale, gradients are not finite for another reason than the scale. */
export const MIN_LOSS_SCALE = 2 ** -10;

/** The value of {@link LOSS_SCALE_VARIABLE} before the first step. */
export function initialLossScale({ initialScale }: Pick<LossScale, "initialScale">): Float32Array {
  return Float32Array.of(initialScale, 0);
}

/** The scale of the step being traced, a scalar. */
export function readLossScale(): Value {
  return readVariable(LOSS_SCALE_VARIABLE.name, 0, []);
}

/**
 * Traces an update by a gradient of the scaled loss: `update` receives the gradient of the loss
 * itself, and all updates recorded so far, including those of statistics, are made only if the
 * gradient is finite.
 */
export function updateUnscaled(
  gradient: Value,
  { initialScale: _, ...options }: LossScale,
  update: (gradient: Value) => void,
): void {
  const scale = readLossScale();
  const magnitude = maximumMagnitude(gradient);
  update(divideScalar(gradient, scale));
  mapUpdates(({ variable, offset, value }) => ({
    variable,
    offset,
    value: whereFinite(value, readVariable(variable, offset, value.shape), magnitude),
  }));
  const { name } = LOSS_SCALE_VARIABLE;
  const updated = updateLossScale(scale, readVariable(name, 1, []), magnitude, options);
  updateVariable(name, 0, updated.scale);
  updateVariable(name, 1, updated.steps);
}
