/** Two-dimensional convolution layer. */
import type { Parameter } from "../graph/parameter.ts";
import type { Value } from "../graph/types.ts";
import { conv2d } from "../ops/conv2d.ts";
import {
  type Conv2dOptions,
  convolutionBias,
  convolutionSchema,
  kernelShape,
} from "./convolution_options.ts";
import { initialized, kaimingUniform } from "./init.ts";
import { channelsOf, type LayerEntry } from "./layer_entry.ts";
import { Module } from "./module.ts";

/** Convolution of [N, C, H, W] with a kernel `weight` and an optional `bias`. Matches `torch.nn.Conv2d`. */
export class Conv2d extends Module {
  /** [O, I/groups, kH, kW]. */
  readonly weight: Parameter;
  /** [O]. */
  readonly bias?: Parameter;

  /** Throws InputError for sizes that are not whole or do not divide into the groups. */
  constructor(readonly options: Conv2dOptions) {
    super();
    this.weight = initialized(kernelShape(options), options.initialize ?? kaimingUniform());
    this.bias = convolutionBias(options);
  }

  /** [N, I, H, W] → [N, O, oH, oW]. Throws InputError for an input of another shape. */
  forward(input: Value): Value {
    return conv2d(input, this.weight, this.bias, this.options);
  }
}

export const conv2dLayer: LayerEntry<typeof convolutionSchema> = {
  about: "2-d convolution",
  schema: convolutionSchema,
  build: (options, inputShape) => new Conv2d({ ...options, inChannels: channelsOf(inputShape) }),
};
