/** `squeeze_excitation`: the SqueezeExcitation layer. */
import { z } from "zod";
import { activationLayers, activationOf } from "../../../layers/activations.ts";
import { SqueezeExcitation } from "../../../layers/squeeze_excitation.ts";
import { bareNames } from "../../../schema/entry.ts";
import { checkLayer } from "../layer_case.ts";
import { type Kind, LAYER_TOLERANCE } from "./kind.ts";

const activation = z.enum(bareNames(activationLayers));
const schema = z.object({
  channels: z.int(),
  squeeze_channels: z.int(),
  activation,
  scale_activation: activation,
});

export const squeezeExcitation: Kind = {
  tolerance: LAYER_TOLERANCE,
  check(fixture, backend) {
    const config = fixture.config(schema);
    const layer = new SqueezeExcitation({
      inputChannels: config.channels,
      squeezeChannels: config.squeeze_channels,
      activation: activationOf(config.activation),
      scaleActivation: activationOf(config.scale_activation),
    });
    return checkLayer(fixture, backend, layer);
  },
};
