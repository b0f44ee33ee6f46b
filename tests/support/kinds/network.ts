/** `network`: one pass through a network of the architecture that the config names. */
import { ARCHITECTURES } from "../architectures.ts";
import { fixtureOptions, MODEL_TOLERANCE } from "../model_case.ts";
import { checkNetwork, networkSchema } from "../network_case.ts";
import { z } from "zod";
import type { Kind } from "./kind.ts";

const schema = networkSchema.extend({ architecture: z.enum(Object.keys(ARCHITECTURES)) });

export const network: Kind = {
  tolerance: MODEL_TOLERANCE,
  check(fixture, backend) {
    const config = fixture.config(schema);
    const build = ARCHITECTURES[config.architecture];
    return checkNetwork(
      fixture,
      backend,
      (picture, doConvLayers) =>
        build(fixture, fixtureOptions({ ...config, do_conv_layers: [...doConvLayers] }, picture)),
    );
  },
};
