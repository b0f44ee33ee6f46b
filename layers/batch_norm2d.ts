/** Batch normalization layer. */
import { InputError } from "../errors.ts";
import { Parameter } from "../graph/parameter.ts";
import { assign, assigned, currentScope, isFrozen, isTraining, toValue } from "../graph/trace.ts";
import { formatShape, sizeOf, type Value } from "../graph/types.ts";
import { add } from "../ops/add.ts";
import { channelMoments } from "../ops/channel_moments.ts";
import { channelNormalize } from "../ops/channel_normalize.ts";
import { fill } from "../ops/fill.ts";
import { movingAverage } from "../ops/moving_average.ts";
import { reshape } from "../ops/reshape.ts";
import { scale } from "../ops/scale.ts";
import { z } from "../schema/entry.ts";
import type { BatchNorm2dOptions } from "./batch_norm_options.ts";
import type { LayerEntry } from "./layer_entry.ts";
import { Module } from "./module.ts";

/**
 * Normalizes each channel of [N, C, H, W] (or [N, C]) to mean 0 and variance 1, then scales and
 * shifts it. While training it uses the batch's own statistics and updates the running ones (with
 * the unbiased variance); otherwise, and if these are frozen, it uses the running ones. Matches
 * `torch.nn.BatchNorm2d` and `BatchNorm1d`. Throws InputError when training on a single value per
 * channel.
 */
export class BatchNorm2d extends Module {
  /** Scale [C], starts as 1 by default. */
  readonly weight?: Parameter;
  /** Shift [C], starts as 0. */
  readonly bias?: Parameter;
  /** [C], starts as 0. */
  readonly runningMean: Parameter;
  /** [C], starts as 1. */
  readonly runningVar: Parameter;
  /** Added to the variance. */
  readonly eps: number;
  /** Scalar: training batches seen. */
  readonly numBatchesTracked: Parameter;
  readonly #momentum: number;

  /**
   * A layer with mean 0, variance 1, scale 1 and shift 0 once it is initialized.
   *
   * @param channels extent of the input's second axis
   */
  constructor(readonly channels: number, options: BatchNorm2dOptions = {}) {
    super();
    this.eps = options.eps ?? 1e-5;
    this.#momentum = options.momentum ?? 0.1;
    const { affine = true, initialWeight = 1 } = options;
    if (affine) {
      this.weight = new Parameter([channels], {
        role: "norm",
        initialize: (data) => data.fill(initialWeight),
      });
      this.bias = new Parameter([channels], { role: "norm" });
    }
    this.runningMean = new Parameter([channels], { role: "buffer" });
    this.runningVar = new Parameter([channels], {
      role: "buffer",
      initialize: (data) => data.fill(1),
    });
    this.numBatchesTracked = new Parameter([], { role: "buffer" });
  }

  /** [N, C, …] → the same shape; in a training program it also updates the running statistics. */
  forward(input: Value): Value {
    return this.normalizerFor(input)(input);
  }

  /**
   * A function that normalizes other values [N, C, …] like `input`: while training by its
   * statistics, which also update the running ones.
   */
  normalizerFor(input: Value): (value: Value) => Value {
    if (!isTraining() || isFrozen(this.runningMean)) return (value) => this.#byRunning(value);
    const { weight, bias, eps } = this;
    const count = sizeOf(input.shape) / this.channels;
    if (count <= 1) {
      throw new InputError(
        `layer ${currentScope()} (batch_norm2d): its input ${
          formatShape(input.shape)
        } while training has ` +
          "one value per channel, which has no variance; use larger batches or images",
      );
    }
    const { mean, variance } = channelMoments(input);
    const unbiased = scale(variance, count / (count - 1));
    const decay = 1 - this.#momentum;
    assign(this.runningMean, movingAverage(this.runningMean, mean, decay));
    assign(this.runningVar, movingAverage(this.runningVar, unbiased, decay));
    assign(this.numBatchesTracked, add(toValue(this.numBatchesTracked), fill([], 1)));
    return (value) => channelNormalize(value, mean, variance, { weight, bias, eps });
  }

  /**
   * Its result for zeros by its running statistics, as updated so far in a training program: [C].
   */
  responseToZero(): Value {
    const zeros = fill([1, this.channels], 0);
    return reshape(this.#byRunning(zeros), [this.channels]);
  }

  #byRunning(value: Value): Value {
    const { weight, bias } = this;
    const [mean, variance] = [this.runningMean, this.runningVar].map(assigned);
    return channelNormalize(value, mean, variance, { weight, bias, eps: this.eps });
  }
}

const schema = z.strictObject({
  eps: z.number().positive().optional().describe("Added to the variance; 1e-5 by default"),
  momentum: z.number().min(0).max(1).optional().describe(
    "Weight of a new batch in the running statistics; 0.1 by default",
  ),
  affine: z.boolean().optional().describe("Whether to scale and shift; true by default"),
});

export const batchNorm2dLayer: LayerEntry<typeof schema> = {
  about: "Batch normalization",
  schema,
  build: (options, [channels]) => new BatchNorm2d(channels, options),
};
