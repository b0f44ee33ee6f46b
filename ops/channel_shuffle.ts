/** Channels of several groups interleaved. */
import { InputError } from "../errors.ts";
import { whole } from "../graph/attribute_rules.ts";
import { apply, type Operand } from "../graph/trace.ts";
import { formatShape, type Op, sizeOf, type Value } from "../graph/types.ts";
import { requireFloats, requireIntegers } from "./checks.ts";

export interface ChannelShuffleAttributes {
  /** Number of groups of adjacent channels, which alternate in the result. */
  readonly groups: number;
}

/** The input channel that becomes channel `channel` of the result. */
export function shuffledChannel(channel: number, channels: number, groups: number): number {
  return (channel % groups) * (channels / groups) + Math.floor(channel / groups);
}

export const channelShuffleOp: Op<ChannelShuffleAttributes> = {
  name: "channelShuffle",
  inputNames: ["input"],
  inference: {
    attributes: { groups: whole(1) },
    // The channels as a matrix with one row per group, transposed. An extent of 0 copies the
    // input's.
    onnx(graph, [x], { attributes: { groups }, inputs: [{ shape: [, channels, ...rest] }] }) {
      const reshape = (x: string, shape: readonly number[]) =>
        graph.node("Reshape", [x, graph.integers([0, ...shape, ...rest])]);
      const grouped = reshape(x, [groups, channels / groups]);
      const perm = [0, 2, 1, ...rest.map((_, i) => 3 + i)];
      return reshape(graph.node("Transpose", [grouped], { perm }), [channels]);
    },
  },
  infer([input], { groups }) {
    requireFloats("channelShuffle", ["input"], [input]);
    requireIntegers("channelShuffle", "groups", [groups], 1);
    const { shape } = input;
    if (!(shape[1] % groups === 0)) {
      throw new InputError(
        `channelShuffle: ${
          formatShape(shape)
        } does not divide into ${groups} groups of channels; ` +
          "expected [N, C, …] with C a multiple of them",
      );
    }
    return [{ shape, dtype: "f32" }];
  },
  gradient: ({ inputs: [x], attributes: { groups }, outputGradients: [dy] }) => [
    dy && channelShuffle(dy, x.shape[1] / groups),
  ],
  evaluate([{ shape, data }], { groups }) {
    const [, channels] = shape;
    const plane = sizeOf(shape.slice(2));
    const output = new Float64Array(data.length);
    for (let row = 0; row < shape[0] * channels; row++) {
      const channel = row % channels;
      const from = (row - channel + shuffledChannel(channel, channels, groups)) * plane;
      output.set(data.subarray(from, from + plane), row * plane);
    }
    return [output];
  },
  multiplyAccumulates: () => 0,
  samples: [{ operands: [[2, 6, 2]], attributes: { groups: 3 } }],
};

/**
 * `input` [N, C, …] with the channels of its `groups` groups interleaved: channel c·groups + g of
 * the result is channel g·(C/groups) + c (ShuffleNet, arXiv:1707.01083). Matches
 * `torch.nn.functional.channel_shuffle`. Throws InputError where the groups do not divide C.
 */
export function channelShuffle(input: Operand, groups: number): Value {
  return apply(channelShuffleOp, [input], { groups })[0];
}
