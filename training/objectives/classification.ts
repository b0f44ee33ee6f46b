/** One class per image: softmax cross-entropy and the share of images classified correctly. */
import { PROBABILITIES, probabilities } from "../../datasets/mixing/targets.ts";
import { InputError, within } from "../../errors.ts";
import { constant } from "../../graph/trace.ts";
import type { Value } from "../../graph/types.ts";
import { countCorrect } from "../../ops/count_correct.ts";
import { fill } from "../../ops/fill.ts";
import { scale } from "../../ops/scale.ts";
import { logSoftmaxRow } from "../../ops/softmax.ts";
import { softmaxCrossEntropy } from "../../ops/softmax_cross_entropy.ts";
import { z } from "../../schema/entry.ts";
import { LOSS, type MetricInfo } from "../metrics/metric.ts";
import { classWeightsOf, classWeightsSchema } from "./class_weights.ts";
import { ClassificationReport } from "./classification_report.ts";
import type { ObjectiveEntry } from "./objective.ts";

/** Number of most probable classes for top-5 accuracy. */
const TOP = 5;
/** Up to this number of classes, top-5 accuracy would say little. */
const FEW_CLASSES = 10;

const ACCURACY: MetricInfo = { title: "accuracy", unit: "share", mode: "max" };
const TOP_ACCURACY: MetricInfo = { title: `top-${TOP} accuracy`, unit: "share", mode: "max" };

const schema = z.object({
  labelSmoothing: z.number().min(0).lt(1).default(0).describe(
    "Share of the target spread over all classes, while training",
  ),
  classWeights: classWeightsSchema,
});

/**
 * Images of one class each, target `labels` i32 [N], each from 0 to classes - 1. For mixed images
 * the loss uses soft targets, and the class with the larger share is correct.
 */
export const classification: ObjectiveEntry<typeof schema> = {
  about: "One class per image: softmax and cross-entropy",
  schema,
  build({ labelSmoothing, classWeights: choice }, network) {
    const { classes } = network;
    const hasTop = classes > FEW_CLASSES;
    const classWeights = within(["classWeights"], () => classWeightsOf(choice, network));
    const weights = (classWeights: Float32Array) => constant([classes], classWeights);
    return {
      name: "classification",
      activation: "softmax",
      ignoresFilling: true,
      ...(classWeights
        ? { classWeights, weight: (targets) => weightOf(targets, weights(classWeights)) }
        : {}),
      targets: [{ name: "labels", dtype: "i32", shape: [], filling: -1 }],
      mixedTargets: [{ name: PROBABILITIES, ...probabilities(classes) }],
      metrics: {
        loss: LOSS,
        accuracy: ACCURACY,
        ...(hasTop ? { top5Accuracy: TOP_ACCURACY } : {}),
      },
      monitor: { metric: "accuracy", mode: "max" },
      checkTargets({ labels }) {
        const image = Array.prototype.findIndex.call(
          labels,
          (label: number) => label < 0 || label >= classes,
        );
        if (image < 0) return;
        throw new InputError(
          `image ${image} has the label ${labels[image]}; expected 0 to ${classes - 1}, as the ` +
            `network has ${classes} classes`,
          { at: ["labels", image] },
        );
      },
      loss: (logits, { labels, [PROBABILITIES]: soft = labels }, { training }) =>
        training
          ? softmaxCrossEntropy(logits, soft, {
            labelSmoothing,
            ...(classWeights ? { weight: weights(classWeights) } : {}),
          })
          : softmaxCrossEntropy(logits, soft, { reduction: "sum" }),
      sums: (logits, { labels }, { training }) => ({
        correct: countCorrect(logits, labels),
        ...(hasTop && !training ? { top5Correct: countCorrect(logits, labels, { k: TOP }) } : {}),
      }),
      summarize({ loss, correct, top5Correct, count }) {
        const mean = (sum: number | readonly number[]) => Number(sum) / Number(count);
        return {
          loss: mean(loss),
          accuracy: mean(correct),
          ...(top5Correct === undefined ? {} : { top5Accuracy: mean(top5Correct) }),
          count: Number(count),
        };
      },
      judge: (logits, { labels }) =>
        Array.from(labels, (label, n) => {
          const row = logits.subarray(n * classes, (n + 1) * classes);
          const likelihoods = logSoftmaxRow(Float64Array.from(row));
          const most = likelihoods.reduce((a, b) => Math.max(a, b));
          const predicted = likelihoods.indexOf(most);
          return {
            labels: [label],
            predicted: [predicted],
            loss: -likelihoods[label],
            isMistake: predicted !== label,
            confidence: Math.exp(most),
          };
        }),
      report: (classNames) => new ClassificationReport(classNames),
    };
  },
};

/**
 * The sum of the labels' weights, by which the mean loss is divided; undefined for mixed images,
 * whose number is used. It is computed as a cross-entropy: that of equal logits is the logarithm of
 * the number of classes.
 */
function weightOf(
  { labels, [PROBABILITIES]: soft }: Readonly<Record<string, Value>>,
  weight: Value,
): Value | undefined {
  const [[images], [classes]] = [labels.shape, weight.shape];
  if (soft || classes === 1) return undefined;
  const equal = fill([images, classes], 0);
  const sum = softmaxCrossEntropy(equal, labels, { weight, reduction: "sum" });
  return scale(sum, 1 / Math.log(classes));
}
