/** `relu`: the ReLU layer. */
import { ReLU } from "../../../layers/activations.ts";
import { checkLayer } from "../layer_case.ts";
import { type Kind, LAYER_TOLERANCE } from "./kind.ts";

export const relu: Kind = {
  tolerance: LAYER_TOLERANCE,
  check: (fixture, backend) => checkLayer(fixture, backend, new ReLU()),
};
