import { adamUpdate } from "../../ops/adam_update.ts";
import { z } from "../../schema/entry.ts";
import {
  decayNormAndBias,
  learningRate,
  type Optimizer,
  type OptimizerEntry,
  weightDecay,
} from "./optimizer.ts";

const fraction = z.number().min(0).lt(1);

/** The options of Adam and its variants. */
export const adamSchema = z.object({
  learningRate: learningRate.default(1e-3),
  betas: z.tuple([fraction, fraction]).default([0.9, 0.999]).describe(
    "Decay rates of the first and second moment",
  ),
  eps: z.number().positive().default(1e-8).describe("Added to the denominator"),
  weightDecay,
  amsgrad: z.boolean().default(false).describe("Use the largest second moment so far"),
  decayNormAndBias,
});

/** Adam: its weight decay is added to the gradient. `torch.optim.Adam`. */
export const adam: OptimizerEntry<typeof adamSchema> = {
  about: "Adam, as torch.optim.Adam",
  schema: adamSchema,
  build: (options) => buildAdam(options, { decoupledWeightDecay: false }),
};

/** Adam with either kind of weight decay. */
export function buildAdam(
  options: z.output<typeof adamSchema>,
  { decoupledWeightDecay }: { readonly decoupledWeightDecay: boolean },
): Optimizer {
  const { betas, eps, amsgrad } = options;
  return {
    options,
    slots: amsgrad ? ["exp_avg", "exp_avg_sq", "max_exp_avg_sq"] : ["exp_avg", "exp_avg_sq"],
    scalars: ["learningRate", "beta1", "biasCorrection1", "biasCorrection2"],
    scalarsAt(step, { learningRate, momentum: beta1 = betas[0] }) {
      return {
        learningRate,
        beta1,
        biasCorrection1: 1 - beta1 ** (step + 1),
        biasCorrection2: 1 - betas[1] ** (step + 1),
      };
    },
    update({ parameter, gradient, slots, scalars, weightDecay }) {
      const updated = adamUpdate(parameter, gradient, {
        learningRate: scalars.learningRate,
        biasCorrection1: scalars.biasCorrection1,
        biasCorrection2: scalars.biasCorrection2,
        expAvg: slots.exp_avg,
        expAvgSq: slots.exp_avg_sq,
        ...(amsgrad ? { maxExpAvgSq: slots.max_exp_avg_sq } : {}),
        betas: [scalars.beta1, betas[1]],
        eps,
        weightDecay,
        decoupledWeightDecay,
      });
      return {
        parameter: updated.parameter,
        slots: {
          exp_avg: updated.expAvg,
          exp_avg_sq: updated.expAvgSq,
          max_exp_avg_sq: updated.maxExpAvgSq,
        },
      };
    },
  };
}
