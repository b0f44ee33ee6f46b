/** How ops that put channels elsewhere are written in ONNX. */
import { type ChannelShuffleAttributes, channelShuffleOp } from "../ops/channel_shuffle.ts";
import { concatOp, type SplitAttributes, splitOp } from "../ops/concat.ts";
import { type Conversion, direct } from "./onnx_conversion.ts";

/** Slices of the channels' axis: `Split` would have several outputs. */
const splitChannels: Conversion = (graph, node, [x]) => {
  const { sizes }: SplitAttributes = node.attributes;
  let end = 0;
  return sizes.map((size) => {
    const bounds = [end, end += size, 1].map((bound) => graph.integers([bound]));
    return graph.node("Slice", [x, ...bounds], {}, node.scope);
  });
};

/** The channels as a matrix, a row a group, transposed. An extent of 0 stays as it is. */
const shuffleChannels: Conversion = (graph, node, [x]) => {
  const { groups }: ChannelShuffleAttributes = node.attributes;
  const [, channels, ...rest] = node.inputs[0].shape;
  const reshape = (x: string, shape: readonly number[]) =>
    graph.node("Reshape", [x, graph.integers([0, ...shape, ...rest])], {}, node.scope);
  const grouped = reshape(x, [groups, channels / groups]);
  const perm = [0, 2, 1, ...rest.map((_, i) => 3 + i)];
  return reshape(graph.node("Transpose", [grouped], { perm }, node.scope), [channels]);
};

/** The conversions by the names of the ops. */
export const channelConversions: readonly (readonly [op: string, Conversion])[] = [
  [concatOp.name, direct("Concat", { axis: 1 })],
  [splitOp.name, splitChannels],
  [channelShuffleOp.name, shuffleChannels],
];
