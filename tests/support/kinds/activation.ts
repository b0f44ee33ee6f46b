/** `activation`: an activation layer, built by name and options as in a list of layers. */
import { z } from "zod";
import { buildLayers, type LayerSpec } from "../../../layers/registry.ts";
import { checkLayer } from "../layer_case.ts";
import { type Kind, LAYER_TOLERANCE } from "./kind.ts";

const schema = z.object({
  activation: z.string(),
  negative_slope: z.number().optional(),
  num_parameters: z.int().optional(),
}).loose();

export const activation: Kind = {
  tolerance: LAYER_TOLERANCE,
  check(fixture, backend) {
    const { activation, negative_slope, num_parameters, ...options } = fixture.config(schema);
    const { shape } = fixture.input("x");
    const layer = {
      [activation]: {
        ...options,
        ...(negative_slope === undefined ? {} : { negativeSlope: negative_slope }),
        ...(num_parameters === undefined ? {} : { perChannel: num_parameters > 1 }),
      },
    } as LayerSpec;
    const { layers: { layers } } = buildLayers([layer], shape.slice(1));
    return checkLayer(fixture, backend, layers[0]);
  },
};
