/** `mixed_cross_entropy`: the loss of mixed images with mixed targets. */
import { z } from "zod";
import { LABELS } from "../../../datasets/image_source.ts";
import { mixTargets, PROBABILITIES } from "../../../datasets/mixing/targets.ts";
import { classification } from "../../../training/objectives/classification.ts";
import { gradients } from "../../../ops/gradients.ts";
import { softmaxCrossEntropy } from "../../../ops/softmax_cross_entropy.ts";
import { compute } from "../run.ts";
import { type Kind, LAYER_TOLERANCE } from "./kind.ts";

const schema = z.object({ label_smoothing: z.number(), reduction: z.literal("mean") });

export const mixedCrossEntropy: Kind = {
  tolerance: LAYER_TOLERANCE,
  async check(fixture, backend) {
    const { label_smoothing: labelSmoothing } = fixture.config(schema);
    const logits = fixture.input("logits");
    const [batch, classes] = logits.shape;
    const lambda = fixture.input("lambda").data;
    const permutation = fixture.input("permutation").data;
    const labels = Int32Array.from(fixture.input("labels").data);
    const soft = new Float32Array(batch * classes);
    mixTargets({ labels, [PROBABILITIES]: soft }, { labels: LABELS }, {
      partner: (row) => permutation[row],
      shares: Array.from({ length: batch }, (_, row) => lambda[row % lambda.length]),
      count: batch,
    });
    // The loss does the smoothing; the fixture's targets are already smoothed.
    fixture.compare("target_probabilities", smoothed(soft, labelSmoothing, classes));
    const objective = classification.build({ labelSmoothing }, { classes });
    const inputs = {
      logits,
      labels: { shape: [batch], data: labels },
      [PROBABILITIES]: { shape: [batch, classes], data: soft },
    };
    const outputs = await compute(backend, inputs, ({ logits, ...targets }) => {
      const loss = objective.loss(logits, targets, { training: true });
      const options = { labelSmoothing, reduction: "none" } as const;
      return {
        loss,
        loss_per_sample: softmaxCrossEntropy(logits, targets[PROBABILITIES], options),
        dlogits: gradients(loss, [logits])[0],
      };
    });
    for (const [name, data] of Object.entries(outputs)) fixture.compare(name, data);
  },
};

function smoothed(soft: Float32Array, share: number, classes: number): Float32Array {
  return soft.map((probability) => (1 - share) * probability + share / classes);
}
