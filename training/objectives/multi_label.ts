/** Any number of classes per image: each is decided independently, by its own sigmoid. */
import type { Metrics, Sums } from "../../checkpoints/run_state.ts";
import { InputError } from "../../errors.ts";
import { constant } from "../../graph/trace.ts";
import type { Value } from "../../graph/types.ts";
import { DEFAULT_THRESHOLD, logitOf } from "../../networks/activation.ts";
import { binaryCrossEntropyWithLogits } from "../../ops/binary_cross_entropy_with_logits.ts";
import { binaryOutcomes } from "../../ops/binary_outcomes.ts";
import { channelSum } from "../../ops/channel_sum.ts";
import { scale } from "../../ops/scale.ts";
import { sum } from "../../reporting/statistics.ts";
import { z } from "../../schema/entry.ts";
import { meanAveragePrecision } from "../metrics/average_precision.ts";
import { ClassScores } from "../metrics/class_scores.ts";
import { classScores, macroScores, microScores } from "../metrics/decisions.ts";
import { LOSS, type MetricInfos } from "../metrics/metric.ts";
import { MultiLabelReport } from "./multi_label_report.ts";
import type { ObjectiveEntry } from "./objective.ts";
import type { Judgement } from "./tally.ts";

const METRICS: MetricInfos = {
  loss: LOSS,
  meanAveragePrecision: { title: "mAP", unit: "share", mode: "max" },
  f1: { title: "F1", unit: "share", mode: "max" },
  precision: { title: "precision", unit: "share", mode: "max", isDetail: true },
  recall: { title: "recall", unit: "share", mode: "max", isDetail: true },
  microF1: { title: "micro F1", unit: "share", mode: "max", isDetail: true },
};

const factor = z.number().positive();

const schema = z.object({
  threshold: z.number().gt(0).lt(1).default(DEFAULT_THRESHOLD).describe(
    "Probability above which a class counts as present, in precision, recall, F1 and predictions",
  ).meta({ resume: "extends" }),
  positiveWeight: z.union([factor, z.array(factor).min(1)]).optional().describe(
    "Factor of the loss of positive classes, to compensate their rarity: one for all or one " +
      "per class",
  ),
});

/** The name of the targets. */
const TARGETS = "targets";

/**
 * Images of any number of classes, target `targets` f32 [N, classes]: 1 if an image shows the
 * class, 0 if not, negative if unknown, which is ignored. The loss is the mean over images and
 * classes.
 */
export const multiLabel: ObjectiveEntry<typeof schema> = {
  about: "Any number of classes per image: sigmoids and binary cross-entropy",
  schema,
  build({ threshold, positiveWeight }, { classes }) {
    const weights = weightsOf(positiveWeight, classes);
    const logitThreshold = logitOf(threshold);
    return {
      name: "multi_label",
      activation: "sigmoid",
      ignoresFilling: true,
      threshold,
      targets: [{ name: TARGETS, dtype: "f32", shape: [classes], filling: -1 }],
      // The loss is linear in the targets, so the targets themselves are mixed.
      mixedTargets: [],
      metrics: METRICS,
      monitor: { metric: "meanAveragePrecision", mode: "max" },
      checkTargets({ [TARGETS]: targets }) {
        for (let i = 0; i < targets.length; i++) {
          if (targets[i] <= 1) continue;
          throw new InputError(
            `image ${Math.floor(i / classes)} has the target ${targets[i]} of class ` +
              `${i % classes}; expected at most 1`,
            { at: [TARGETS, i] },
          );
        }
      },
      loss(logits, { [TARGETS]: targets }, { training }) {
        const options = weights ? { positiveWeight: constant([classes], weights) } : {};
        return training ? binaryCrossEntropyWithLogits(logits, targets, options) : scale(
          binaryCrossEntropyWithLogits(logits, targets, { ...options, reduction: "sum" }),
          1 / classes,
        );
      },
      sums(logits, { [TARGETS]: targets }) {
        const outcomes = binaryOutcomes(logits, targets, { threshold: logitThreshold });
        return Object.fromEntries(
          Object.entries<Value>({ ...outcomes }).map(([name, value]) => [name, channelSum(value)]),
        );
      },
      summarize,
      tally() {
        const scores = new ClassScores(classes, TARGETS);
        return {
          add: (logits, targets) => scores.add(logits, targets),
          metrics: () => ({
            meanAveragePrecision: meanAveragePrecision(scores.averagePrecisions()),
          }),
        };
      },
      judge: (logits, { [TARGETS]: targets }) =>
        Array.from({ length: targets.length / classes }, (_, n) => {
          const own = Array.from({ length: classes }, (_, c) => n * classes + c);
          return judged(own.map((i) => logits[i]), own.map((i) => targets[i]), logitThreshold);
        }),
      report: (classNames) =>
        new MultiLabelReport(classNames, new ClassScores(classes, TARGETS), logitThreshold),
    };
  },
};

/**
 * The judgement of an image by its logits. Its loss is the mean over the classes, with equal
 * weights for positives; unknown targets are not counted.
 */
function judged(
  logits: readonly number[],
  targets: readonly number[],
  threshold: number,
): Judgement {
  const all = targets.map((target, c) => ({ c, target, logit: logits[c] }));
  const known = all.filter(({ target }) => target >= 0);
  const wrong = known.filter(({ target, logit }) => (target > 0.5) !== (logit > threshold));
  const losses = known.map(({ target, logit }) =>
    Math.max(logit, 0) + Math.log1p(Math.exp(-Math.abs(logit))) - target * logit
  );
  return {
    labels: all.filter(({ target }) => target > 0.5).map(({ c }) => c),
    predicted: all.filter(({ logit }) => logit > threshold).map(({ c }) => c),
    loss: sum(losses) / targets.length,
    isMistake: wrong.length > 0,
    confidence: Math.max(
      0,
      ...wrong.map(({ target, logit }) => 1 / (1 + Math.exp(target > 0.5 ? logit : -logit))),
    ),
  };
}

function summarize(
  { loss, count, truePositives, falsePositives, falseNegatives }: Sums,
  tallied: Metrics = {},
): Metrics {
  const counts = {
    truePositives: listOf(truePositives),
    falsePositives: listOf(falsePositives),
    falseNegatives: listOf(falseNegatives),
  };
  const { precision, recall, f1 } = macroScores(classScores(counts));
  return {
    loss: Number(loss) / Number(count),
    ...tallied,
    f1,
    precision,
    recall,
    microF1: microScores(counts).f1,
    count: Number(count),
  };
}

function listOf(sum: number | readonly number[]): readonly number[] {
  return typeof sum === "number" ? [sum] : sum;
}

function weightsOf(
  positiveWeight: number | readonly number[] | undefined,
  classes: number,
): Float32Array | undefined {
  if (positiveWeight === undefined) return undefined;
  if (typeof positiveWeight === "number") return new Float32Array(classes).fill(positiveWeight);
  if (positiveWeight.length !== classes) {
    throw new InputError(
      `found ${positiveWeight.length} weights of positives, expected ${classes}, one per class`,
      { at: ["positiveWeight"] },
    );
  }
  return Float32Array.from(positiveWeight);
}
