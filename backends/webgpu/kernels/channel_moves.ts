/** Channels put elsewhere: concatenated, split, shuffled; an invocation for each number or four. */
import type { GraphNode, Value } from "../../../graph/types.ts";
import type { ChannelShuffleAttributes } from "../../../ops/channel_shuffle.ts";
import type { SplitAttributes } from "../../../ops/concat.ts";
import type { KernelFamily, Lowering } from "../kernel.ts";

/** Channels of a value, from `first` on. */
interface Stretch {
  readonly value: Value;
  readonly first: number;
}

/** Adds a dispatch that copies `count` channels of every pixel; behind the target's last are zeros. */
function copyChannels(
  name: string,
  lowering: Lowering,
  source: Stretch,
  target: Stretch,
  count: number,
): void {
  const { batch, pixels, channels, paddedChannels } = lowering.layout(target.value);
  const { paddedChannels: sourceChannels } = lowering.layout(source.value);
  const written = target.first + count === channels ? paddedChannels - target.first : count;
  const isVector = [source.first, target.first, count, written, paddedChannels, sourceChannels]
    .every((number) => number % 4 === 0);
  const [type, lanes] = isVector ? ["vec4<f32>", 4] as const : ["f32", 1] as const;
  lowering.eachItem({
    name,
    operands: {
      ...lowering.reads(type, { x: source.value }),
      ...lowering.writes(type, { y: target.value }),
    },
    items: batch * pixels * written / lanes,
    constants: {
      COUNT: count / lanes,
      WRITTEN: written / lanes,
      FIRST_OF_X: source.first / lanes,
      CHANNELS_OF_X: sourceChannels / lanes,
      FIRST_OF_Y: target.first / lanes,
      CHANNELS_OF_Y: paddedChannels / lanes,
      ZERO: `${type}()`,
    },
    wgsl: `
fn item(i: u32) {
  let pixel = i / WRITTEN;
  let channel = i % WRITTEN;
  let value = x(pixel * CHANNELS_OF_X + FIRST_OF_X + channel);
  storeY(pixel * CHANNELS_OF_Y + FIRST_OF_Y + channel, select(ZERO, value, channel < COUNT));
}`,
  });
}

function lowerConcat({ inputs, outputs: [output] }: GraphNode, lowering: Lowering): void {
  let first = 0;
  for (const value of inputs) {
    const [, count] = value.shape;
    copyChannels("concat", lowering, { value, first: 0 }, { value: output, first }, count);
    first += count;
  }
}

function lowerSplit({ inputs: [input], outputs, attributes }: GraphNode, lowering: Lowering): void {
  let first = 0;
  (attributes as SplitAttributes).sizes.forEach((count, i) => {
    copyChannels(
      "split",
      lowering,
      { value: input, first },
      { value: outputs[i], first: 0 },
      count,
    );
    first += count;
  });
}

function lowerShuffle({ inputs: [x], outputs: [y], attributes }: GraphNode, lowering: Lowering) {
  const { groups } = attributes as ChannelShuffleAttributes;
  const { channels, paddedChannels, elements } = lowering.layout(y);
  lowering.eachItem({
    name: "channelShuffle",
    operands: { ...lowering.reads("f32", { x }), ...lowering.writes("f32", { y }) },
    items: elements,
    constants: { GROUPS: groups, CHANNELS: channels, PADDED_CHANNELS: paddedChannels },
    wgsl: `
fn item(i: u32) {
  let place = i % PADDED_CHANNELS;
  let channel = min(place, CHANNELS - 1);
  let moved = channel % GROUPS * (CHANNELS / GROUPS) + channel / GROUPS;
  storeY(i, select(0.0f, x(i - place + moved), place < CHANNELS));
}`,
  });
}

function family(op: string, lower: KernelFamily["lower"]): KernelFamily {
  return {
    ops: [op],
    orders({ inputs, outputs }) {
      const order = inputs[0].shape.length < 3 ? "plain" : "channelsLast";
      return { inputs: inputs.map(() => order), outputs: outputs.map(() => order) };
    },
    lower,
  };
}

/** `concat`, `split` and `channelShuffle`. */
export const channelMoves: readonly KernelFamily[] = [
  family("concat", lowerConcat),
  family("split", lowerSplit),
  family("channelShuffle", lowerShuffle),
];
