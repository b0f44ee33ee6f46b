/** Dropout layer. */
import { InputError } from "../errors.ts";
import { hashText } from "../graph/random.ts";
import { input, isTraining, uniqueScope } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { dropoutMask } from "../ops/dropout_mask.ts";
import { multiply } from "../ops/multiply.ts";
import { z } from "../schema/entry.ts";
import type { LayerEntry } from "./layer_entry.ts";
import { Module } from "./module.ts";

/**
 * Name of the scalar i32 input that a training program with dropout has: a number that differs from
 * step to step and from seed to seed.
 */
export const DROPOUT_STEP = "dropoutStep";

/** Options of {@link Dropout}. */
export interface DropoutOptions {
  /** Probability that an element becomes zero, in [0, 1). Default 0.5. */
  readonly p?: number;
}

/**
 * While training, sets elements to zero at random and scales the others by 1 / (1 − p); otherwise
 * passes its input through. What is dropped depends on the input {@link DROPOUT_STEP}, the layer's
 * path and how often the layer was called before in the program. Matches `torch.nn.Dropout`. Throws
 * InputError for `p` outside [0, 1).
 */
export class Dropout extends Module {
  /** Probability that an element becomes zero. */
  readonly p: number;

  /** Throws InputError for `p` outside [0, 1). */
  constructor({ p = 0.5 }: DropoutOptions = {}) {
    super();
    if (!(p >= 0 && p < 1)) {
      throw new InputError(`Dropout: p is ${p}; expected at least 0 and less than 1`);
    }
    this.p = p;
  }

  /** f32 of any shape → the same shape. */
  forward(x: Value): Value {
    if (!isTraining() || this.p === 0) return x;
    const step = input(DROPOUT_STEP, [], "i32");
    const stream = hashText(uniqueScope());
    return multiply(x, dropoutMask(step, { shape: x.shape, p: this.p, stream }));
  }
}

const schema = z.strictObject({
  p: z.number().min(0).lt(1).optional().describe(
    "Probability that an element becomes zero; 0.5 by default",
  ),
});

/** {@link Dropout} in a list of layers. */
export const dropoutLayer: LayerEntry<typeof schema> = {
  about: "Dropout, while training",
  schema,
  build: (options) => new Dropout(options),
};
