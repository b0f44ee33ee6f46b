/** Layers that set parts of their input to zero at random while training. */
import { InputError } from "../errors.ts";
import { hashText } from "../graph/random.ts";
import { input, isTraining, uniqueScope } from "../graph/trace.ts";
import type { Shape, Value } from "../graph/types.ts";
import { dropoutMask } from "../ops/dropout_mask.ts";
import { gate } from "../ops/gate.ts";
import { multiply } from "../ops/multiply.ts";
import { reshape } from "../ops/reshape.ts";
import { rowScale } from "../ops/row_scale.ts";
import { z } from "../schema/entry.ts";
import type { LayerEntry } from "./layer_entry.ts";
import { Module } from "./module.ts";

/**
 * Name of the scalar i32 input of a training program with dropout: a number that differs between
 * steps and between seeds.
 */
export const DROPOUT_STEP = "dropoutStep";

/** Options of {@link Dropout}, {@link Dropout2d} and {@link StochasticDepth}. */
export interface DropoutOptions {
  /** Probability that a part becomes zero, in [0, 1). Default 0.5. */
  readonly p?: number;
}

/**
 * While training, sets parts of its input to zero at random and scales the others by 1 / (1 − p);
 * otherwise passes it through. The dropped parts depend on the input {@link DROPOUT_STEP}, the
 * layer's path and the number of earlier calls of the layer in the program.
 */
export abstract class RandomDrop extends Module {
  /** Probability that a part becomes zero. */
  readonly p: number;

  /** Throws InputError for `p` outside [0, 1). */
  constructor({ p = 0.5 }: DropoutOptions = {}) {
    super();
    if (!(p >= 0 && p < 1)) {
      throw new InputError(`${new.target.name}: p is ${p}; expected at least 0 and less than 1`);
    }
    this.p = p;
  }

  /** f32 → the same shape. Throws InputError for an input without such parts. */
  forward(x: Value): Value {
    if (!isTraining() || this.p === 0) return x;
    const step = input(DROPOUT_STEP, [], "i32");
    const stream = hashText(uniqueScope());
    return this.masked(x, (shape) => dropoutMask(step, { shape, p: this.p, stream }));
  }

  /** The input times a mask; `draw` returns 0 or 1 / (1 − p) for each part. */
  abstract masked(x: Value, draw: (shape: Shape) => Value): Value;
}

/** Drops elements. f32 of any shape. Matches `torch.nn.Dropout`. */
export class Dropout extends RandomDrop {
  /** One number per element. */
  masked(x: Value, draw: (shape: Shape) => Value): Value {
    return multiply(x, draw(x.shape));
  }
}

/** Drops channels of images [N, C, H, W]. Matches `torch.nn.Dropout2d`. */
export class Dropout2d extends RandomDrop {
  /** One number per channel and image. */
  masked(x: Value, draw: (shape: Shape) => Value): Value {
    return gate(x, reshape(draw(x.shape.slice(0, 2)), [...x.shape.slice(0, 2), 1, 1]));
  }
}

/**
 * Drops whole images [N, C, H, W] or rows [N, F] of a batch: the residual of a block (Huang et al.,
 * arXiv:1603.09382). Matches `torchvision.ops.StochasticDepth` with mode `row`.
 */
export class StochasticDepth extends RandomDrop {
  /** One number per image. */
  masked(x: Value, draw: (shape: Shape) => Value): Value {
    return rowScale(x, draw(x.shape.slice(0, 1)));
  }
}

const schema = z.strictObject({
  p: z.number().min(0).lt(1).optional().describe(
    "Probability that a part becomes zero; 0.5 by default",
  ),
});

function entryOf(
  about: string,
  Layer: new (options: DropoutOptions) => RandomDrop,
): LayerEntry<typeof schema> {
  return { about, schema, build: (options) => new Layer(options) };
}

export const dropoutLayer = entryOf("Dropout, while training", Dropout);

export const dropout2dLayer = entryOf("Dropout of whole channels, while training", Dropout2d);

export const stochasticDepthLayer = entryOf(
  "Dropout of whole images, while training; it ends a residual block",
  StochasticDepth,
);
