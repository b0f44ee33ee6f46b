/** The classification loss. */
import { InputError } from "../errors.ts";
import { apply, type Operand } from "../graph/trace.ts";
import type { HostTensor, Op, TensorType, Value } from "../graph/types.ts";
import { requireDType, requireFloats, requireRank, requireShape } from "./checks.ts";
import { logSoftmaxRow } from "./softmax.ts";

/** How the samples' losses are reduced to one number. */
export type Reduction = "mean" | "sum" | "none";

/** Attributes of the softmaxCrossEntropy ops. */
export interface SoftmaxCrossEntropyAttributes {
  /** Share of each target that is spread evenly over all classes, in [0, 1]. */
  readonly labelSmoothing: number;
  /** `none` keeps one loss per sample; `mean` leaves ignored labels out. */
  readonly reduction: Reduction;
}

const INPUT_NAMES = ["logits", "target", "weight"];

function checkOperands(
  op: string,
  logits: TensorType,
  target: TensorType,
  weight: TensorType | undefined,
): void {
  requireFloats(op, ["logits"], [logits]);
  requireRank(op, "logits", logits.shape, 2, "[batch, classes]");
  if (target.shape.length === 1) {
    requireDType(op, "target", target, "i32");
    requireShape(op, "target", target.shape, [logits.shape[0]]);
  } else {
    requireDType(op, "target", target, "f32");
    requireShape(op, "target", target.shape, logits.shape);
  }
  if (!weight) return;
  requireDType(op, "weight", weight, "f32");
  requireShape(op, "weight", weight.shape, [logits.shape[1]]);
}

/**
 * The target distribution of each sample after smoothing, each class times its weight: [N][C];
 * undefined for an ignored label.
 */
function smoothedTargets(
  [batch, classes]: readonly number[],
  target: HostTensor,
  weight: HostTensor | undefined,
  labelSmoothing: number,
): (Float64Array | undefined)[] {
  const smooth = (probability: number, c: number) =>
    ((1 - labelSmoothing) * probability + labelSmoothing / classes) * (weight?.data[c] ?? 1);
  return Array.from({ length: batch }, (_, n) => {
    if (target.shape.length === 2) {
      return target.data.slice(n * classes, (n + 1) * classes).map(smooth);
    }
    const label = target.data[n];
    if (label < 0) return undefined;
    return new Float64Array(classes).map((_, c) => smooth(c === label ? 1 : 0, c));
  });
}

/**
 * The factor of each sample's loss: 1, or 1 over the total weight of the labels that count (for
 * probabilities, over the number of samples).
 */
function sampleShare(
  { shape: [batch, classes], data }: HostTensor,
  weight: HostTensor | undefined,
  reduction: Reduction,
): number {
  if (reduction !== "mean") return 1;
  if (classes !== undefined) return 1 / batch;
  return 1 / data.reduce((sum, label) => label < 0 ? sum : sum + (weight?.data[label] ?? 1), 0);
}

export const softmaxCrossEntropyOp: Op<SoftmaxCrossEntropyAttributes> = {
  name: "softmaxCrossEntropy",
  inputNames: INPUT_NAMES,
  inputCount: () => [2, 3],
  infer([logits, target, weight], { labelSmoothing, reduction }) {
    checkOperands("softmaxCrossEntropy", logits, target, weight);
    if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
      throw new InputError(
        `softmaxCrossEntropy: labelSmoothing is ${labelSmoothing}; expected 0 to 1`,
      );
    }
    return [{ shape: reduction === "none" ? [logits.shape[0]] : [], dtype: "f32" }];
  },
  gradient: ({ inputs, attributes, outputGradients: [dLoss], needed }) => [
    dLoss && needed[0]
      ? apply(softmaxCrossEntropyGradientOp, [dLoss, ...inputs], attributes)[0]
      : undefined,
  ],
  evaluate([logits, target, weight], { labelSmoothing, reduction }) {
    const [, classes] = logits.shape;
    const targets = smoothedTargets(logits.shape, target, weight, labelSmoothing);
    const losses = Float64Array.from(targets, (distribution, n) => {
      if (!distribution) return 0;
      const logProbabilities = logSoftmaxRow(
        logits.data.subarray(n * classes, (n + 1) * classes),
      );
      return -distribution.reduce((sum, share, c) => sum + share * logProbabilities[c], 0);
    });
    if (reduction === "none") return [losses];
    const total = losses.reduce((sum, loss) => sum + loss, 0);
    return [Float64Array.of(total * sampleShare(target, weight, reduction))];
  },
  multiplyAccumulates: () => 0,
  samples: [
    {
      operands: [[2, 3], { shape: [2], dtype: "i32" }],
      attributes: { labelSmoothing: 0, reduction: "mean" },
    },
    ...(["mean", "sum", "none"] as const).flatMap((reduction) =>
      [[], [{ shape: [3], range: [0.5, 3], constant: true } as const]].map((weight) => ({
        operands: [[2, 3], { shape: [2, 3], range: [0, 1], constant: true } as const, ...weight],
        attributes: { labelSmoothing: 0.1, reduction },
      }))
    ),
  ],
};

/**
 * The gradient of {@link softmaxCrossEntropy} with respect to its logits: (lossGradient [] or [N],
 * logits, target, weight?) → [N, C]: `softmax(logits) · Σ target - target`, the target smoothed and
 * weighted, times the sample's share of the loss.
 */
export const softmaxCrossEntropyGradientOp: Op<SoftmaxCrossEntropyAttributes> = {
  name: "softmaxCrossEntropyGradient",
  inputNames: ["lossGradient", ...INPUT_NAMES],
  inputCount: () => [3, 4],
  infer([dLoss, logits, target, weight], { reduction }) {
    checkOperands("softmaxCrossEntropyGradient", logits, target, weight);
    requireShape(
      "softmaxCrossEntropyGradient",
      "lossGradient",
      dLoss.shape,
      reduction === "none" ? [logits.shape[0]] : [],
    );
    return [{ shape: logits.shape, dtype: "f32" }];
  },
  evaluate([dLoss, logits, target, weight], { labelSmoothing, reduction }) {
    const [, classes] = logits.shape;
    const targets = smoothedTargets(logits.shape, target, weight, labelSmoothing);
    const share = sampleShare(target, weight, reduction);
    const gradient = new Float64Array(logits.data.length);
    targets.forEach((distribution, n) => {
      if (!distribution) return;
      const row = logits.data.subarray(n * classes, (n + 1) * classes);
      const mass = distribution.reduce((sum, part) => sum + part, 0);
      const factor = share * dLoss.data[reduction === "none" ? n : 0];
      logSoftmaxRow(row).forEach((logProbability, c) => {
        gradient[n * classes + c] = factor * (mass * Math.exp(logProbability) - distribution[c]);
      });
    });
    return [gradient];
  },
  multiplyAccumulates: () => 0,
  samples: [{
    operands: [[], [2, 3], { shape: [2], dtype: "i32" }],
    attributes: { labelSmoothing: 0, reduction: "mean" },
  }],
};

/** Options of {@link softmaxCrossEntropy}. */
export interface SoftmaxCrossEntropyOptions extends Partial<SoftmaxCrossEntropyAttributes> {
  /** The weight of each class: f32 [C], none below 0. Default: 1 everywhere. */
  readonly weight?: Operand;
}

/**
 * Cross-entropy between the softmax of `logits` [N, C] and `target`: class labels [N] i32 below C,
 * or probabilities [N, C] f32, which get no gradient. A sample with a negative label is ignored:
 * its loss is 0 and `mean` does not count it; if all are ignored, the mean is NaN. `sum` and `mean`
 * (the default) give a scalar, `none` one loss per sample [N]. `labelSmoothing` (default 0) of each
 * target is spread evenly over all classes. With `weight` every class's part of the loss is
 * multiplied by its weight, and `mean` divides by the sum of the labels' weights, or by N for
 * probabilities. Matches `torch.nn.functional.cross_entropy`. Throws InputError where shapes or
 * options do not fit.
 */
export function softmaxCrossEntropy(
  logits: Operand,
  target: Operand,
  { labelSmoothing = 0, reduction = "mean", weight }: SoftmaxCrossEntropyOptions = {},
): Value {
  const operands = weight === undefined ? [logits, target] : [logits, target, weight];
  return apply(softmaxCrossEntropyOp, operands, { labelSmoothing, reduction })[0];
}
