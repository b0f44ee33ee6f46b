/** `softmax_cross_entropy`: the loss for labels and for soft targets, and softmax. */
import { z } from "zod";
import { gradients } from "../../../ops/gradients.ts";
import { logSoftmax, softmax } from "../../../ops/softmax.ts";
import { softmaxCrossEntropy as softmaxCrossEntropyOp } from "../../../ops/softmax_cross_entropy.ts";
import { compute } from "../run.ts";
import { type Kind, LAYER_TOLERANCE } from "./kind.ts";

const schema = z.object({
  label_smoothing: z.number().default(0),
  targets: z.enum(["labels", "probabilities"]),
  reduction: z.enum(["mean", "sum"]).default("mean"),
});

export const softmaxCrossEntropy: Kind = {
  tolerance: LAYER_TOLERANCE,
  async check(fixture, backend) {
    const { label_smoothing: labelSmoothing, targets, reduction } = fixture.config(schema);
    const inputs = {
      logits: fixture.input("logits"),
      target: fixture.input(targets === "labels" ? "labels" : "target_probabilities"),
    };
    const outputs = await compute(backend, inputs, ({ logits, target }) => {
      const loss = softmaxCrossEntropyOp(logits, target, { labelSmoothing, reduction });
      return {
        loss,
        loss_per_sample: softmaxCrossEntropyOp(logits, target, {
          labelSmoothing,
          reduction: "none",
        }),
        dlogits: gradients(loss, [logits])[0],
        softmax: softmax(logits),
        log_softmax: logSoftmax(logits),
      };
    });
    for (const [name, data] of Object.entries(outputs)) fixture.compare(name, data);
  },
};
