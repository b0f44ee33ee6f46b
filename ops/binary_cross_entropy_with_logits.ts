/** The loss of independent yes-or-no decisions, one per class. */
import { apply, type Operand, toValue } from "../graph/trace.ts";
import { type Arithmetic, sizeOf, type Value } from "../graph/types.ts";
import { elementwiseOp } from "./elementwise.ts";
import { scale } from "./scale.ts";
import { decay } from "./sigmoid.ts";
import type { Reduction } from "./softmax_cross_entropy.ts";
import { sum } from "./sum.ts";

/** Options of {@link binaryCrossEntropyWithLogits}. */
export interface BinaryCrossEntropyOptions {
  /** Factor of each class's positive targets: [C] for logits [N, C]. Default: 1 everywhere. */
  readonly positiveWeight?: Operand;
  /** `none` keeps one loss per element. Default `mean`. */
  readonly reduction?: Reduction;
}

const INPUT_NAMES = ["logits", "targets", "positiveWeight"];

/** The weight of `-log σ(x)` in the loss: `1 + (positiveWeight - 1) · target`. */
function positiveShare<E>(e: Arithmetic<E>, target: E, positiveWeight: E | undefined): E {
  const one = e.constant(1);
  if (positiveWeight === undefined) return one;
  return e.add(one, e.multiply(e.subtract(positiveWeight, one), target));
}

/** `value` where the target is known, else 0. */
function whereKnown<E>(e: Arithmetic<E>, target: E, value: E): E {
  const zero = e.constant(0);
  return e.selectGreater(zero, target, zero, value);
}

/** The op of {@link binaryCrossEntropyWithLogits}, without its reduction. */
export const binaryCrossEntropyWithLogitsOp = elementwiseOp({
  name: "binaryCrossEntropyWithLogits",
  inputNames: INPUT_NAMES,
  inputCount: () => [2, 3],
  spreads: ["full"],
  expression(e, [x, target, positiveWeight]) {
    const zero = e.constant(0);
    // -log σ(x) = max(-x, 0) + log(1 + exp(-|x|))
    const negativeLog = e.add(
      e.maximum(e.subtract(zero, x), zero),
      e.log1p(decay(e, x)),
    );
    const weighted = positiveWeight === undefined
      ? negativeLog
      : e.multiply(positiveShare(e, target, positiveWeight), negativeLog);
    const loss = e.add(e.multiply(e.subtract(e.constant(1), target), x), weighted);
    return [whereKnown(e, target, loss)];
  },
  gradient: ({ inputs, outputGradients: [dy], needed }) => [
    needed[0] && dy
      ? apply(binaryCrossEntropyWithLogitsGradientOp, [dy, ...inputs], {})[0]
      : undefined,
  ],
  samples: [{
    operands: [[2, 3], { shape: [2, 3], range: [-0.5, 1], constant: true }],
    attributes: {},
  }, {
    operands: [[2, 3], { shape: [2, 3], range: [-0.5, 1], constant: true }, {
      shape: [3],
      range: [0.5, 2],
      constant: true,
    }],
    attributes: {},
  }],
});

/**
 * The gradient of {@link binaryCrossEntropyWithLogitsOp} with respect to its logits:
 * (outputGradient, logits, targets, positiveWeight?) → `dy · (1 - target - share · σ(-x))`, 0 where
 * the target is unknown.
 */
export const binaryCrossEntropyWithLogitsGradientOp = elementwiseOp({
  name: "binaryCrossEntropyWithLogitsGradient",
  inputNames: ["outputGradient", ...INPUT_NAMES],
  inputCount: () => [3, 4],
  expression(e, [dy, x, target, positiveWeight]) {
    const one = e.constant(1);
    const small = decay(e, x);
    // σ(-x) is exp(-x) / (1 + exp(-x)), or 1 / (1 + exp(x)).
    const opposite = e.divide(
      e.selectGreater(x, e.constant(0), small, one),
      e.add(one, small),
    );
    const weighted = positiveWeight === undefined
      ? opposite
      : e.multiply(positiveShare(e, target, positiveWeight), opposite);
    const slope = e.subtract(e.subtract(one, target), weighted);
    return [whereKnown(e, target, e.multiply(dy, slope))];
  },
  samples: [{
    operands: [[2, 3], [2, 3], [2, 3], { shape: [3], range: [0.5, 2] }],
    attributes: {},
  }],
});

/**
 * Binary cross-entropy between the sigmoid of `logits` [N, C] (any shape without a positive weight)
 * and `targets` of the same shape, f32 from 0 to 1, which get no gradient:
 * `-(positiveWeight · t · log σ(x) + (1 - t) · log(1 - σ(x)))`. A negative target is unknown: its
 * loss and gradient are 0. `mean` divides by the number of all elements, unknown ones too; `mean`
 * and `sum` give a scalar, `none` one loss per element. Matches
 * `torch.nn.functional.binary_cross_entropy_with_logits`. Throws InputError where shapes do not fit.
 */
export function binaryCrossEntropyWithLogits(
  logits: Operand,
  targets: Operand,
  { positiveWeight, reduction = "mean" }: BinaryCrossEntropyOptions = {},
): Value {
  const operands = [logits, targets, ...(positiveWeight ? [positiveWeight] : [])].map(toValue);
  const [losses] = apply(binaryCrossEntropyWithLogitsOp, operands, {});
  if (reduction === "none") return losses;
  const total = sum(losses);
  return reduction === "sum" ? total : scale(total, 1 / sizeOf(losses.shape));
}
