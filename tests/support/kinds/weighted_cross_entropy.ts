/** `weighted_cross_entropy`: the loss with a weight for each class. */
import { z } from "zod";
import { gradients } from "../../../ops/gradients.ts";
import { softmaxCrossEntropy } from "../../../ops/softmax_cross_entropy.ts";
import { compute } from "../run.ts";
import { type Kind, LAYER_TOLERANCE } from "./kind.ts";

const schema = z.object({
  label_smoothing: z.number(),
  targets: z.enum(["labels", "probabilities"]),
  reduction: z.enum(["mean", "sum"]),
  /** Which label is ignored: here every negative one is. */
  ignore_index: z.int().max(-1).nullable(),
});

export const weightedCrossEntropy: Kind = {
  tolerance: LAYER_TOLERANCE,
  async check(fixture, backend) {
    const { label_smoothing: labelSmoothing, targets, reduction } = fixture.config(schema);
    const inputs = {
      logits: fixture.input("logits"),
      target: fixture.input(targets === "labels" ? "labels" : "target_probabilities"),
      weight: fixture.input("weight"),
    };
    const outputs = await compute(backend, inputs, ({ logits, target, weight }) => {
      const options = { labelSmoothing, weight };
      const loss = softmaxCrossEntropy(logits, target, { ...options, reduction });
      const each = softmaxCrossEntropy(logits, target, { ...options, reduction: "none" });
      return { loss, loss_per_sample: each, dlogits: gradients(loss, [logits])[0] };
    });
    for (const [name, data] of Object.entries(outputs)) fixture.compare(name, data);
  },
};
