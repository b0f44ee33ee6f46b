/** The rule that adapts a loss scale to the gradients. */
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { elementwiseOp } from "./elementwise.ts";
import { selectFinite } from "./where_finite.ts";

interface UpdateLossScaleAttributes {
  /** Factor after `growthInterval` steps in a row with finite gradients. */
  readonly growthFactor: number;
  /** Factor after a step whose gradients are not finite. */
  readonly backoffFactor: number;
  /** Steps. */
  readonly growthInterval: number;
}

const LARGEST_SCALE = 2 ** 120;

export const updateLossScaleOp = elementwiseOp<UpdateLossScaleAttributes>({
  name: "updateLossScale",
  inputNames: ["scale", "steps", "magnitude"],
  outputCount: () => 2,
  expression(e, [scale, steps, magnitude], { growthFactor, backoffFactor, growthInterval }) {
    const counted = e.add(steps, e.constant(1));
    const ifDue = (due: typeof scale, otherwise: typeof scale) =>
      e.selectGreater(counted, e.constant(growthInterval - 0.5), due, otherwise);
    // An infinite scale would never decrease again.
    const grown = e.minimum(e.multiply(scale, e.constant(growthFactor)), e.constant(LARGEST_SCALE));
    const lowered = e.multiply(scale, e.constant(backoffFactor));
    const zero = e.constant(0);
    return [
      selectFinite(e, magnitude, ifDue(grown, scale), lowered),
      selectFinite(e, magnitude, ifDue(zero, counted), zero),
    ];
  },
  samples: [{
    operands: [{ shape: [], range: [0.5, 2] }, [], []],
    attributes: { growthFactor: 2, backoffFactor: 0.5, growthInterval: 2000 },
  }],
});

/**
 * A loss scale and its count of consecutive steps with finite gradients, after a step whose largest
 * gradient has the given magnitude. All operands are scalars. Has no gradient rule. Matches
 * `torch.amp.GradScaler.update`.
 */
export function updateLossScale(
  scale: Operand,
  steps: Operand,
  magnitude: Operand,
  attributes: UpdateLossScaleAttributes,
): { scale: Value; steps: Value } {
  const [newScale, newSteps] = apply(updateLossScaleOp, [scale, steps, magnitude], attributes);
  return { scale: newScale, steps: newSteps };
}
