import { rmspropUpdate } from "../../ops/rmsprop_update.ts";
import { z } from "../../schema/entry.ts";
import { decayNormAndBias, learningRate, type OptimizerEntry, weightDecay } from "./optimizer.ts";

const schema = z.object({
  learningRate: learningRate.default(1e-2),
  alpha: z.number().min(0).lt(1).default(0.99).describe("Decay rate of the mean square"),
  eps: z.number().positive().default(1e-8).describe("Added to the denominator"),
  weightDecay,
  momentum: z.number().min(0).lt(1).default(0).describe("Momentum factor"),
  centered: z.boolean().default(false).describe(
    "Divide by the standard deviation instead of the root mean square",
  ),
  decayNormAndBias,
});

/** `torch.optim.RMSprop`. */
export const rmsprop: OptimizerEntry<typeof schema> = {
  about: "RMSprop, as torch.optim.RMSprop",
  schema,
  build(options) {
    const { alpha, eps, momentum, centered } = options;
    const buffered = momentum > 0;
    return {
      options,
      slots: [
        "square_avg",
        ...(centered ? ["grad_avg"] : []),
        ...(buffered ? ["momentum_buffer"] : []),
      ],
      scalars: ["learningRate", ...(buffered ? ["momentum"] : [])],
      scalarsAt: (_step, rates) => ({
        learningRate: rates.learningRate,
        ...(buffered ? { momentum: rates.momentum ?? momentum } : {}),
      }),
      update({ parameter, gradient, slots, scalars, weightDecay }) {
        const updated = rmspropUpdate(parameter, gradient, {
          learningRate: scalars.learningRate,
          squareAvg: slots.square_avg,
          ...(centered ? { gradAvg: slots.grad_avg } : {}),
          ...(buffered
            ? { momentumBuffer: slots.momentum_buffer, momentum: scalars.momentum }
            : {}),
          alpha,
          eps,
          weightDecay,
        });
        return {
          parameter: updated.parameter,
          slots: {
            square_avg: updated.squareAvg,
            grad_avg: updated.gradAvg,
            momentum_buffer: updated.momentumBuffer,
          },
        };
      },
    };
  },
};
