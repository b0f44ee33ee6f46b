/** Channels scaled and shifted by a number each. */
import { channelwise } from "../graph/linear_map.ts";
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { channelScale } from "./channel_scale.ts";
import { channelSum } from "./channel_sum.ts";
import { elementwiseOp } from "./elementwise.ts";
import { multiply } from "./multiply.ts";

/** The op of {@link channelAffine}. */
export const channelAffineOp = elementwiseOp({
  name: "channelAffine",
  inputNames: ["input", "weight", "bias"],
  stored: {},
  spreads: ["channel", "channel"],
  expression: (e, [x, weight, bias]) => [e.add(e.multiply(x, weight), bias)],
  gradient: ({ inputs: [x, weight], outputGradients: [dy], needed }) => [
    needed[0] && dy ? channelScale(dy, weight) : undefined,
    needed[1] && dy ? channelSum(multiply(dy, x)) : undefined,
    needed[2] && dy ? channelSum(dy) : undefined,
  ],
  linearMap: ({ shape: [, channels] }, [weight, bias]) => ({
    ...channelwise(channels),
    weight: () => weight.data,
    bias: () => bias.data,
  }),
});

/**
 * `input` [N, C, …] times `weight` [C] plus `bias` [C], numbers for each channel: what ends every
 * normalisation. Matches `torch.addcmul` with weight and bias of shape [C, 1, …]. Throws InputError
 * where shapes do not fit.
 */
export function channelAffine(input: Operand, weight: Operand, bias: Operand): Value {
  return apply(channelAffineOp, [input, weight, bias], {})[0];
}
