/** Losses. */
import { sizeOf } from "../../../graph/types.ts";
import { binaryCrossEntropyWithLogits } from "../../../ops/binary_cross_entropy_with_logits.ts";
import { logSoftmax, softmax } from "../../../ops/softmax.ts";
import { softmaxCrossEntropy } from "../../../ops/softmax_cross_entropy.ts";
import type { Families } from "./case.ts";

export const LOSSES: Families = {
  "losses"(draw) {
    const [batch, classes] = [draw.whole(2, 9), draw.whole(2, 40)];
    const labelSmoothing = draw.one(0, 0.1);
    const reduction = draw.one("mean", "sum", "none");
    const labels = draw.labels(batch, classes);
    labels.data[0] = 0;
    const isWeighted = draw.one(false, true);
    return {
      inputs: [
        draw.floats([batch, classes], -5, 5),
        labels,
        draw.floats([classes], 0.5, 3),
      ],
      build: ([logits, target, weight]) => [
        softmaxCrossEntropy(logits, target, {
          labelSmoothing,
          reduction,
          ...(isWeighted ? { weight } : {}),
        }),
        softmax(logits),
        logSoftmax(logits),
      ],
      differentiable: true,
    };
  },
  "losses of decisions"(draw) {
    const shape = [draw.whole(1, 20), draw.whole(1, 30)];
    const reduction = draw.one("mean", "sum", "none");
    const positiveWeight = draw.one(false, true);
    return {
      inputs: [
        draw.floats(shape, -9, 9),
        { shape, data: Float32Array.from({ length: sizeOf(shape) }, () => draw.whole(-1, 1)) },
        draw.floats([shape[1]], 0.5, 3),
      ],
      build: ([logits, targets, weight]) => [
        binaryCrossEntropyWithLogits(logits, targets, {
          reduction,
          ...(positiveWeight ? { positiveWeight: weight } : {}),
        }),
      ],
      differentiable: true,
    };
  },
};
