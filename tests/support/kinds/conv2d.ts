/** `conv2d`: the Conv2d layer. */
import { Conv2d } from "../../../layers/conv2d.ts";
import { checkLayer } from "../layer_case.ts";
import { convolutionOptions, convolutionSchema, type Kind, LAYER_TOLERANCE } from "./kind.ts";

export const conv2d: Kind = {
  tolerance: LAYER_TOLERANCE,
  check(fixture, backend) {
    const options = convolutionOptions(fixture.config(convolutionSchema));
    return checkLayer(fixture, backend, new Conv2d(options));
  },
};
