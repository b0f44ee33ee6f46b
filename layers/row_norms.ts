/** Normalization layers that treat each image separately, the same in training and afterwards. */
import { Parameter } from "../graph/parameter.ts";
import type { Value } from "../graph/types.ts";
import { groupNorm, layerNorm2d, type RowNormalizeOptions } from "../ops/row_normalize.ts";
import { z } from "../schema/entry.ts";
import { channelsOf, type LayerEntry } from "./layer_entry.ts";
import { Module } from "./module.ts";

/** Options of {@link LayerNorm2d} and {@link GroupNorm}; names of `torch.nn.GroupNorm`. */
export interface RowNormOptions {
  /** Added to the variance. Default 1e-6 of a layer norm, 1e-5 of a group norm. */
  readonly eps?: number;
  /** Whether each channel has a trained scale and shift. Default true. */
  readonly affine?: boolean;
}

/** What {@link LayerNorm2d} and {@link GroupNorm} share: scale, shift, options. */
export abstract class RowNorm extends Module {
  /** Scale [C], starts as 1. */
  readonly weight?: Parameter;
  /** Shift [C], starts as 0. */
  readonly bias?: Parameter;

  /** For inputs with this number of channels. */
  constructor(readonly channels: number, protected readonly options: RowNormOptions) {
    super();
    if (options.affine === false) return;
    const initialize = (data: Float32Array) => data.fill(1);
    this.weight = new Parameter([channels], { role: "norm", initialize });
    this.bias = new Parameter([channels], { role: "norm" });
  }

  /** Options of the ops. */
  protected opOptions(): RowNormalizeOptions {
    const { weight, bias, options: { eps } } = this;
    return { eps, affine: weight && bias && { weight, bias } };
  }
}

/**
 * Normalizes the channels of each pixel to mean 0 and variance 1, then scales and shifts each channel.
 * Matches torchvision's `LayerNorm2d` and timm's.
 */
export class LayerNorm2d extends RowNorm {
  /** A layer for inputs with this number of channels. */
  constructor(channels: number, options: RowNormOptions = {}) {
    super(channels, options);
  }

  /** [N, C, H, W] → the same shape. Throws InputError for an input of another. */
  forward(input: Value): Value {
    return layerNorm2d(input, this.opOptions());
  }
}

/**
 * Normalizes groups of channels of each image to mean 0 and variance 1, then scales and shifts each
 * channel (Wu and He, arXiv:1803.08494). Matches `torch.nn.GroupNorm`.
 */
export class GroupNorm extends RowNorm {
  /** A layer for inputs with this number of channels, a multiple of `groups`. */
  constructor(readonly groups: number, channels: number, options: RowNormOptions = {}) {
    super(channels, options);
  }

  /** [N, C, H, W] → the same shape. Throws InputError where the groups do not divide C. */
  forward(input: Value): Value {
    return groupNorm(input, this.groups, this.opOptions());
  }
}

const affine = z.boolean().optional().describe("Whether to scale and shift; true by default");
const layerSchema = z.strictObject({
  eps: z.number().positive().optional().describe("Added to the variance; 1e-6 by default"),
  affine,
});
const groupSchema = z.strictObject({
  groups: z.int().min(1).describe("Groups of channels"),
  eps: z.number().positive().optional().describe("Added to the variance; 1e-5 by default"),
  affine,
});

export const layerNorm2dLayer: LayerEntry<typeof layerSchema> = {
  about: "Normalization of each pixel's channels",
  schema: layerSchema,
  build: (options, inputShape) => new LayerNorm2d(channelsOf(inputShape), options),
};

export const groupNormLayer: LayerEntry<typeof groupSchema> = {
  about: "Normalization of groups of channels of each image",
  schema: groupSchema,
  build: ({ groups, ...options }, inputShape) =>
    new GroupNorm(groups, channelsOf(inputShape), options),
};
