/** Layer scale. */
import { Parameter } from "../graph/parameter.ts";
import type { Value } from "../graph/types.ts";
import { channelScale } from "../ops/channel_scale.ts";
import { z } from "../schema/entry.ts";
import type { LayerEntry } from "./layer_entry.ts";
import { Module } from "./module.ts";

/** Options of {@link LayerScale}. */
export interface LayerScaleOptions {
  /** Start of all factors. Default 1e-5. */
  readonly initValues?: number;
}

/**
 * Each channel times a trained number that starts small, so that a residual block starts as its
 * shortcut (Touvron et al., arXiv:2103.17239). Matches `timm.layers.LayerScale` on [N, C, …].
 */
export class LayerScale extends Module {
  /** [C]. */
  readonly gamma: Parameter;

  /** A layer for inputs with this number of channels. */
  constructor(channels: number, { initValues = 1e-5 }: LayerScaleOptions = {}) {
    super();
    this.gamma = new Parameter([channels], {
      role: "norm",
      initialize: (data) => data.fill(initValues),
    });
  }

  /** [N, C, …] → the same shape. Throws InputError for an input of another number of channels. */
  forward(input: Value): Value {
    return channelScale(input, this.gamma);
  }
}

const schema = z.strictObject({
  initValues: z.number().optional().describe("Start of all factors; 1e-5 by default"),
});

export const layerScaleLayer: LayerEntry<typeof schema> = {
  about: "Each channel times a trained number that starts small; it ends a residual block",
  schema,
  build: (options, [channels]) => new LayerScale(channels, options),
};
