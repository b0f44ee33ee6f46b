/** `layer_norm_channels` and `group_norm`: layers that normalize each image separately. */
import { z } from "zod";
import { GroupNorm, LayerNorm2d } from "../../../layers/row_norms.ts";
import { checkLayer } from "../layer_case.ts";
import { type Kind, LAYER_TOLERANCE } from "./kind.ts";

const schema = z.object({ channels: z.int(), eps: z.number() });

export const layerNormChannels: Kind = {
  tolerance: LAYER_TOLERANCE,
  check(fixture, backend) {
    const { channels, eps } = fixture.config(schema);
    return checkLayer(fixture, backend, new LayerNorm2d(channels, { eps }));
  },
};

export const groupNorm: Kind = {
  tolerance: LAYER_TOLERANCE,
  check(fixture, backend) {
    const { channels, groups, eps } = fixture.config(schema.extend({ groups: z.int() }));
    return checkLayer(fixture, backend, new GroupNorm(groups, channels, { eps }));
  },
};
