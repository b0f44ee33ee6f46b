/** Rectified linear unit with a trained slope. */
import { InputError } from "../errors.ts";
import { Parameter } from "../graph/parameter.ts";
import type { Value } from "../graph/types.ts";
import { prelu } from "../ops/prelu.ts";
import { z } from "../schema/entry.ts";
import type { LayerEntry } from "./layer_entry.ts";
import { Module } from "./module.ts";

/** Options of {@link PReLU}. */
export interface PReLUOptions {
  /** 1, one slope for all channels, or the number of channels. Default 1. */
  readonly numParameters?: number;
  /** Start of the slopes. Default 0.25. */
  readonly init?: number;
}

/** x above 0, weight · x below (He et al., arXiv:1502.01852). Matches `torch.nn.PReLU`. */
export class PReLU extends Module {
  /** [numParameters]. */
  readonly weight: Parameter;

  /** Throws InputError unless the number of slopes is a whole number above 0. */
  constructor({ numParameters = 1, init = 0.25 }: PReLUOptions = {}) {
    super();
    if (!(Number.isInteger(numParameters) && numParameters >= 1)) {
      throw new InputError(
        `PReLU: numParameters is ${numParameters}; expected 1 or the number of channels`,
      );
    }
    // As its authors recommend, without weight decay, which would pull the slope to 0 and make it a
    // ReLU.
    this.weight = new Parameter([numParameters], {
      role: "norm",
      initialize: (data) => data.fill(init),
    });
  }

  /** [N, C, …] → the same shape. Throws InputError for another number of channels than of slopes. */
  forward(input: Value): Value {
    return prelu(input, this.weight);
  }
}

const schema = z.strictObject({
  perChannel: z.boolean().default(false).describe("Whether each channel has a slope of its own"),
  init: z.number().optional().describe("Start of the slopes; 0.25 by default"),
});

export const preluLayer: LayerEntry<typeof schema> = {
  about: "x above 0, a trained multiple of it below",
  schema,
  build: ({ perChannel, ...options }, [channels]) =>
    new PReLU({ ...options, numParameters: perChannel ? channels : 1 }),
};
