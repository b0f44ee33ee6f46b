/** Fully connected layer. */
import { InputError } from "../errors.ts";
import type { Parameter } from "../graph/parameter.ts";
import { formatShape, type Value } from "../graph/types.ts";
import { conv2d } from "../ops/conv2d.ts";
import { linear } from "../ops/linear.ts";
import { reshape } from "../ops/reshape.ts";
import { z } from "../schema/entry.ts";
import { biasUniform, initialized, type Initializer, kaimingUniform } from "./init.ts";
import type { LayerEntry } from "./layer_entry.ts";
import { Module } from "./module.ts";

/** Options of {@link Linear}. */
export interface LinearOptions {
  /** Whether a number per output is added. Default true. */
  readonly bias?: boolean;
  /** Start of the weight. Default `kaimingUniform()`, PyTorch's. */
  readonly initialize?: Initializer;
  /** Start of the bias. Default uniform in ±1/√inFeatures, PyTorch's. */
  readonly initializeBias?: Initializer;
}

/** [N, inFeatures] → [N, outFeatures]: x · weightᵀ + bias. Matches `torch.nn.Linear`. */
export class Linear extends Module {
  /** [outFeatures, inFeatures]. */
  readonly weight: Parameter;
  /** [outFeatures]. */
  readonly bias?: Parameter;

  /**
   * A layer of zeros until it is initialized or loaded.
   *
   * @param inFeatures length of an input row
   * @param outFeatures length of an output row
   */
  constructor(
    readonly inFeatures: number,
    readonly outFeatures: number,
    options: LinearOptions = {},
  ) {
    super();
    const { bias = true, initialize = kaimingUniform(), initializeBias = biasUniform(inFeatures) } =
      options;
    this.weight = initialized([outFeatures, inFeatures], initialize);
    if (bias) this.bias = initialized([outFeatures], initializeBias, "bias");
  }

  /** [N, inFeatures] → [N, outFeatures]. Throws InputError for an input of another shape. */
  forward(input: Value): Value {
    return linear(input, this.weight, this.bias);
  }
}

/**
 * A {@link Linear} over the channels of each pixel: [N, inFeatures, H, W] → [N, outFeatures, H, W].
 * Matches `torch.nn.Linear` between permutations that put the channels last and back.
 */
export class PixelLinear extends Linear {
  /** As a 1x1 convolution. Throws InputError for an input of another shape. */
  override forward(input: Value): Value {
    return conv2d(input, reshape(this.weight, [...this.weight.shape, 1, 1]), this.bias);
  }
}

const schema = z.strictObject({
  outFeatures: z.int().min(1).describe("Output features"),
  bias: z.boolean().optional().describe("Whether to add a bias; true by default"),
});

/** {@link Linear} in a list of layers; its input must be flat. */
export const linearLayer: LayerEntry<typeof schema> = {
  about: "Fully connected layer",
  schema,
  build({ outFeatures, ...options }, inputShape) {
    if (inputShape.length !== 1) {
      throw new InputError(
        `its input has shape ${formatShape(inputShape)}, not one row of features; put "flatten" ` +
          "before it",
      );
    }
    return new Linear(inputShape[0], outFeatures, options);
  },
};
