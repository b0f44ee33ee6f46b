/**
 * `binary_cross_entropy_with_logits`: the loss of independent decisions, with weighted positives.
 */
import { z } from "zod";
import { binaryCrossEntropyWithLogits as loss } from "../../../ops/binary_cross_entropy_with_logits.ts";
import { gradients } from "../../../ops/gradients.ts";
import { compute, type InputTensor } from "../run.ts";
import { type Kind, LAYER_TOLERANCE } from "./kind.ts";

const schema = z.object({ reduction: z.enum(["mean", "sum"]) });

export const binaryCrossEntropyWithLogits: Kind = {
  tolerance: LAYER_TOLERANCE,
  async check(fixture, backend) {
    const { reduction } = fixture.config(schema);
    const inputs: Record<string, InputTensor> = {
      logits: fixture.input("logits"),
      targets: fixture.input("targets"),
    };
    if (fixture.has("positive_weight")) inputs.positiveWeight = fixture.input("positive_weight");
    const outputs = await compute(backend, inputs, ({ logits, targets, positiveWeight }) => {
      const total = loss(logits, targets, { positiveWeight, reduction });
      return {
        loss: total,
        loss_per_element: loss(logits, targets, { positiveWeight, reduction: "none" }),
        dlogits: gradients(total, [logits])[0],
      };
    });
    for (const [name, data] of Object.entries(outputs)) fixture.compare(name, data);
  },
};
