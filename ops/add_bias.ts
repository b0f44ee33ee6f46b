/** One number per channel added to a tensor. */
import { multiplied } from "../graph/linear_map.ts";
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { channelSum } from "./channel_sum.ts";
import { elementwiseOp } from "./elementwise.ts";

export const addBiasOp = elementwiseOp({
  name: "addBias",
  inputNames: ["input", "bias"],
  stored: {},
  spreads: ["channel"],
  expression: (e, [x, bias]) => [e.add(x, bias)],
  gradient: ({ outputGradients: [dy], needed }) => [
    dy,
    needed[1] && dy ? channelSum(dy) : undefined,
  ],
  linearMap: ({ shape: [, channels] }, [bias]) => ({
    ...multiplied(channels, () => 1),
    bias: () => bias.data,
  }),
  samples: [{ operands: [[2, 3, 4, 4], [3]], attributes: {} }],
});

/**
 * `input + bias` with one number per channel: `input` f32 [N, C, …], `bias` f32 [C]. Matches
 * `input + bias.view(1, -1, 1, 1)` of PyTorch. Throws InputError where the shapes do not fit.
 */
export function addBias(input: Operand, bias: Operand): Value {
  return apply(addBiasOp, [input, bias], {})[0];
}
