import { sgdUpdate } from "../../ops/sgd_update.ts";
import { z } from "../../schema/entry.ts";
import { decayNormAndBias, learningRate, type OptimizerEntry, weightDecay } from "./optimizer.ts";

const schema = z.object({
  learningRate,
  momentum: z.number().min(0).lt(1).default(0).describe("Momentum factor"),
  dampening: z.number().default(0).describe("Dampening of the momentum"),
  nesterov: z.boolean().default(false).describe(
    "Nesterov momentum; needs momentum above 0 and dampening 0",
  ),
  weightDecay,
  decayNormAndBias,
}).refine((o) => !o.nesterov || (o.momentum > 0 && o.dampening === 0), {
  path: ["nesterov"],
  error: "Nesterov momentum needs a momentum above 0 and no dampening",
});

/** Stochastic gradient descent; `torch.optim.SGD`. */
export const sgd: OptimizerEntry<typeof schema> = {
  about: "Stochastic gradient descent, as torch.optim.SGD",
  schema,
  build(options) {
    const { momentum, dampening, nesterov } = options;
    const buffered = momentum > 0;
    return {
      options,
      slots: buffered ? ["momentum_buffer"] : [],
      scalars: ["learningRate", ...(buffered ? ["momentum", "dampening"] : [])],
      scalarsAt: (step, rates) => ({
        learningRate: rates.learningRate,
        // The buffer starts as the first gradient.
        ...(buffered
          ? { momentum: rates.momentum ?? momentum, dampening: step === 0 ? 0 : dampening }
          : {}),
      }),
      update({ parameter, gradient, slots, scalars, weightDecay }) {
        const updated = sgdUpdate(parameter, gradient, {
          learningRate: scalars.learningRate,
          momentum: scalars.momentum,
          dampening: scalars.dampening,
          momentumBuffer: slots.momentum_buffer,
          nesterov,
          weightDecay,
        });
        return {
          parameter: updated.parameter,
          slots: { momentum_buffer: updated.momentumBuffer },
        };
      },
    };
  },
};
