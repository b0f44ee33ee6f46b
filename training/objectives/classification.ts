/** One class per image: softmax cross-entropy and the share of images classified correctly. */
import { countCorrect } from "../../ops/count_correct.ts";
import { softmaxCrossEntropy } from "../../ops/softmax_cross_entropy.ts";
import type { Objective } from "./objective.ts";

/** Options of {@link classification}. */
export interface ClassificationOptions {
  /** Share of the target spread over all classes, while training. Default 0. */
  readonly labelSmoothing?: number;
}

/** Images of one class each, target `labels` i32 [N]; negative ones are ignored. */
export function classification({ labelSmoothing = 0 }: ClassificationOptions = {}): Objective {
  return {
    name: "classification",
    activation: "softmax",
    targets: [{ name: "labels", dtype: "i32", shape: [], filling: -1 }],
    monitor: { metric: "accuracy", mode: "max" },
    loss: (logits, { labels }, { training }) =>
      softmaxCrossEntropy(logits, labels, training ? { labelSmoothing } : { reduction: "sum" }),
    sums: (logits, { labels }) => ({ correct: countCorrect(logits, labels) }),
    summarize(sums) {
      const count = Number(sums.count);
      return { loss: Number(sums.loss) / count, accuracy: Number(sums.correct) / count, count };
    },
  };
}
