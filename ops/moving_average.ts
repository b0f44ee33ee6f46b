/** Exponential moving average. */
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { elementwiseOp } from "./elementwise.ts";

interface MovingAverageAttributes {
  /** Share of the old average that is kept; absent when it is given as a scalar operand. */
  readonly decay?: number;
}

/** The op of {@link movingAverage}: (average, value, decay?). */
export const movingAverageOp = elementwiseOp<MovingAverageAttributes>({
  name: "movingAverage",
  inputNames: ["average", "value", "decay"],
  inputCount: ({ decay }) => decay === undefined ? [3, 3] : [2, 2],
  spreads: ["full", "scalar"],
  expression(e, [average, value, scalar], { decay }) {
    const [kept, taken] = decay === undefined
      ? [scalar, e.subtract(e.constant(1), scalar)]
      : [e.constant(decay), e.constant(1 - decay)];
    return [e.add(e.multiply(kept, average), e.multiply(taken, value))];
  },
  samples: [{ operands: [[2, 3], [2, 3]], attributes: { decay: 0.9 } }],
});

/**
 * `decay · average + (1 - decay) · value` by element; `decay` is a number, or a scalar operand if
 * it changes from run to run. Has no gradient rule. Batch norm's running statistics with PyTorch's
 * `momentum` are this with `decay = 1 - momentum`. Throws InputError when `average` and `value`
 * have different shapes.
 */
export function movingAverage(average: Operand, value: Operand, decay: number | Operand): Value {
  return typeof decay === "number"
    ? apply(movingAverageOp, [average, value], { decay })[0]
    : apply(movingAverageOp, [average, value, decay], {})[0];
}
