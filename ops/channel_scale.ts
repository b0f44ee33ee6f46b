/** Channels times one number each. */
import { channelwise } from "../graph/linear_map.ts";
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { channelSum } from "./channel_sum.ts";
import { elementwiseOp } from "./elementwise.ts";
import { multiply } from "./multiply.ts";
import { reshape } from "./reshape.ts";

export const channelScaleOp = elementwiseOp({
  name: "channelScale",
  inputNames: ["input", "weight"],
  stored: {},
  spreads: ["channel"],
  expression: (e, [x, weight]) => [e.multiply(x, weight)],
  gradient: ({ inputs: [x, weight], outputGradients: [dy], needed }) => [
    needed[0] && dy ? channelScale(dy, weight) : undefined,
    needed[1] && dy ? reshape(channelSum(multiply(dy, x)), weight.shape) : undefined,
  ],
  linearMap: ({ shape: [, channels] }, [weight]) => ({
    ...channelwise(channels),
    weight: () => weight.data,
  }),
  samples: [{ operands: [[2, 3, 4, 4], [3]], attributes: {} }, {
    operands: [[4, 3], [3]],
    attributes: {},
  }, { operands: [[2, 3, 4, 4], [3, 1, 1]], attributes: {} }],
});

/**
 * `input` [N, C, …] times `weight` [C] or [C, 1, …], one number per channel. Matches `torch.mul`
 * with a weight of shape [C, 1, …]. Throws InputError where shapes do not fit.
 */
export function channelScale(input: Operand, weight: Operand): Value {
  return apply(channelScaleOp, [input, weight], {})[0];
}
