/** `linear`: the Linear layer. */
import { z } from "zod";
import { Linear } from "../../../layers/linear.ts";
import { checkLayer } from "../layer_case.ts";
import { type Kind, LAYER_TOLERANCE } from "./kind.ts";

const schema = z.object({ in_features: z.int(), out_features: z.int(), bias: z.boolean() });

export const linear: Kind = {
  tolerance: LAYER_TOLERANCE,
  check(fixture, backend) {
    const { in_features, out_features, bias } = fixture.config(schema);
    return checkLayer(fixture, backend, new Linear(in_features, out_features, { bias }));
  },
};
