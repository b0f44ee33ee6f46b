/** Channels scaled and shifted by one number each. */
import { channelwise } from "../graph/linear_map.ts";
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { channelNormalizeReduceOp } from "./channel_normalize.ts";
import { channelScale } from "./channel_scale.ts";
import { elementwiseOp } from "./elementwise.ts";
import { fill } from "./fill.ts";
import { reshape } from "./reshape.ts";

export const channelAffineOp = elementwiseOp({
  name: "channelAffine",
  inputNames: ["input", "weight", "bias"],
  stored: {},
  spreads: ["channel", "channel"],
  expression: (e, [x, weight, bias]) => [e.add(e.multiply(x, weight), bias)],
  gradient({ inputs: [x, weight, bias], outputGradients: [dy], needed }) {
    if (!dy) return [];
    const dx = needed[0] ? channelScale(dy, weight) : undefined;
    if (!needed[1] && !needed[2]) return [dx];
    // Both sums in one pass: those of a normalization with mean 0 and variance 1.
    const statistics = [0, 1].map((value) => fill([x.shape[1]], value));
    const [dWeight, dBias] = apply(channelNormalizeReduceOp, [dy, x, ...statistics], { eps: 0 });
    return [dx, reshape(dWeight, weight.shape), reshape(dBias, bias.shape)];
  },
  linearMap: ({ shape: [, channels] }, [weight, bias]) => ({
    ...channelwise(channels),
    weight: () => weight.data,
    bias: () => bias.data,
  }),
  samples: [{ operands: [[2, 3, 4, 4], [3], [3]], attributes: {} }, {
    operands: [[2, 3, 2], [3, 1], [3]],
    attributes: {},
  }],
});

/**
 * `input` [N, C, …] times `weight` plus `bias`, [C] or [C, 1, …] each, one number per channel: the
 * last step of every normalization. Matches `torch.addcmul` with weight and bias of shape [C, 1,
 * …]. Throws InputError where shapes do not fit.
 */
export function channelAffine(input: Operand, weight: Operand, bias: Operand): Value {
  return apply(channelAffineOp, [input, weight, bias], {})[0];
}
