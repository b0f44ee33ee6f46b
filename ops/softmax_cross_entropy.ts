/** The classification loss. */
import { InputError } from "../errors.ts";
import { apply, type Operand } from "../graph/trace.ts";
import type { HostTensor, Op, TensorType, Value } from "../graph/types.ts";
import { requireDType, requireFloats, requireRank, requireShape } from "./checks.ts";
import { logSoftmaxRow } from "./softmax.ts";

/** How the losses of the samples become one number. */
export type Reduction = "mean" | "sum" | "none";

/** Attributes of the softmaxCrossEntropy ops. */
export interface SoftmaxCrossEntropyAttributes {
  /** Share of each target that is spread evenly over all classes, in [0, 1]. */
  readonly labelSmoothing: number;
  /** `none` keeps one loss a sample; `mean` leaves ignored labels out. */
  readonly reduction: Reduction;
}

function checkOperands(op: string, logits: TensorType, target: TensorType): void {
  requireFloats(op, ["logits"], [logits]);
  requireRank(op, "logits", logits.shape, 2, "[batch, classes]");
  if (target.shape.length === 1) {
    requireDType(op, "target", target, "i32");
    requireShape(op, "target", target.shape, [logits.shape[0]]);
  } else {
    requireDType(op, "target", target, "f32");
    requireShape(op, "target", target.shape, logits.shape);
  }
}

/**
 * The target distribution of each sample after smoothing: [N][C]; undefined for an ignored label.
 */
function smoothedTargets(
  [batch, classes]: readonly number[],
  target: HostTensor,
  labelSmoothing: number,
): (Float64Array | undefined)[] {
  const smooth = (probability: number) =>
    (1 - labelSmoothing) * probability + labelSmoothing / classes;
  return Array.from({ length: batch }, (_, n) => {
    if (target.shape.length === 2) {
      return target.data.slice(n * classes, (n + 1) * classes).map(smooth);
    }
    const label = target.data[n];
    if (label < 0) return undefined;
    return new Float64Array(classes).map((_, c) => smooth(c === label ? 1 : 0));
  });
}

/** By how much each sample's loss is multiplied: 1, or 1 over the samples that count. */
function sampleShare(targets: readonly unknown[], reduction: Reduction): number {
  return reduction === "mean" ? 1 / targets.filter((target) => target !== undefined).length : 1;
}

/** The op of {@link softmaxCrossEntropy}. */
export const softmaxCrossEntropyOp: Op<SoftmaxCrossEntropyAttributes> = {
  name: "softmaxCrossEntropy",
  inputNames: ["logits", "target"],
  infer([logits, target], { labelSmoothing, reduction }) {
    checkOperands("softmaxCrossEntropy", logits, target);
    if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
      throw new InputError(
        `softmaxCrossEntropy: labelSmoothing is ${labelSmoothing}; expected 0 to 1`,
      );
    }
    return [{ shape: reduction === "none" ? [logits.shape[0]] : [], dtype: "f32" }];
  },
  gradient: ({ inputs: [logits, target], attributes, outputGradients: [dLoss], needed }) => [
    dLoss && needed[0]
      ? apply(softmaxCrossEntropyGradientOp, [dLoss, logits, target], attributes)[0]
      : undefined,
  ],
  evaluate([logits, target], { labelSmoothing, reduction }) {
    const [, classes] = logits.shape;
    const targets = smoothedTargets(logits.shape, target, labelSmoothing);
    const losses = Float64Array.from(targets, (distribution, n) => {
      if (!distribution) return 0;
      const logProbabilities = logSoftmaxRow(
        logits.data.subarray(n * classes, (n + 1) * classes),
      );
      return -distribution.reduce((sum, share, c) => sum + share * logProbabilities[c], 0);
    });
    if (reduction === "none") return [losses];
    const total = losses.reduce((sum, loss) => sum + loss, 0);
    return [Float64Array.of(total * sampleShare(targets, reduction))];
  },
};

/**
 * The gradient of {@link softmaxCrossEntropy} by its logits: (lossGradient [] or [N], logits,
 * target) → [N, C]: `softmax(logits) · Σ target - target`, times the sample's share of the loss.
 */
export const softmaxCrossEntropyGradientOp: Op<SoftmaxCrossEntropyAttributes> = {
  name: "softmaxCrossEntropyGradient",
  inputNames: ["lossGradient", "logits", "target"],
  infer([dLoss, logits, target], { reduction }) {
    checkOperands("softmaxCrossEntropyGradient", logits, target);
    requireShape(
      "softmaxCrossEntropyGradient",
      "lossGradient",
      dLoss.shape,
      reduction === "none" ? [logits.shape[0]] : [],
    );
    return [{ shape: logits.shape, dtype: "f32" }];
  },
  evaluate([dLoss, logits, target], { labelSmoothing, reduction }) {
    const [, classes] = logits.shape;
    const targets = smoothedTargets(logits.shape, target, labelSmoothing);
    const share = sampleShare(targets, reduction);
    const gradient = new Float64Array(logits.data.length);
    targets.forEach((distribution, n) => {
      if (!distribution) return;
      const row = logits.data.subarray(n * classes, (n + 1) * classes);
      const mass = distribution.reduce((sum, part) => sum + part, 0);
      const weight = share * dLoss.data[reduction === "none" ? n : 0];
      logSoftmaxRow(row).forEach((logProbability, c) => {
        gradient[n * classes + c] = weight * (mass * Math.exp(logProbability) - distribution[c]);
      });
    });
    return [gradient];
  },
};

/**
 * Cross-entropy between the softmax of `logits` [N, C] and `target`: class labels [N] i32 below C,
 * or probabilities [N, C] f32, which get no gradient. A sample with a negative label is ignored:
 * its loss is 0 and `mean` does not count it; where all are ignored the mean is NaN. `sum` and
 * `mean` (the default) give a scalar, `none` one loss a sample [N]. `labelSmoothing` (default 0)
 * of each target is spread evenly over all classes. Matches `torch.nn.functional.cross_entropy`.
 * Throws InputError where shapes or options do not fit.
 */
export function softmaxCrossEntropy(
  logits: Operand,
  target: Operand,
  { labelSmoothing = 0, reduction = "mean" }: Partial<SoftmaxCrossEntropyAttributes> = {},
): Value {
  return apply(softmaxCrossEntropyOp, [logits, target], { labelSmoothing, reduction })[0];
}
