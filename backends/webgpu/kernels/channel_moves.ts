/** Moves of channels: concatenation, split, shuffle; one invocation per number, or per four. */
import type { GraphNode, Value } from "../../../graph/types.ts";
import type { ChannelShuffleAttributes } from "../../../ops/channel_shuffle.ts";
import { allIn, type KernelFamily, type Lowering } from "../kernel.ts";

/** The channels of a value, from `first`. */
interface Stretch {
  readonly value: Value;
  readonly first: number;
}

/** Adds a dispatch that copies `count` channels of every pixel; zeros follow the target's last. */
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
    reads: { [type]: { x: source.value } },
    writes: { [type]: { y: target.value } },
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

function lowerMove({ op, inputs, outputs }: GraphNode, lowering: Lowering): void {
  const isConcat = op.name === "concat";
  let first = 0;
  for (const value of isConcat ? inputs : outputs) {
    const [, count] = value.shape;
    const part = { value, first: 0 };
    const whole = { value: isConcat ? outputs[0] : inputs[0], first };
    const [source, target] = isConcat ? [part, whole] : [whole, part];
    copyChannels(op.name, lowering, source, target, count);
    first += count;
  }
}

function lowerShuffle({ inputs: [x], outputs: [y], attributes }: GraphNode, lowering: Lowering) {
  const { groups } = attributes as ChannelShuffleAttributes;
  const { channels, paddedChannels, elements } = lowering.layout(y);
  lowering.eachItem({
    name: "channelShuffle",
    reads: { f32: { x } },
    writes: { f32: { y } },
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
  const orders = (node: GraphNode) =>
    allIn(node.inputs[0].shape.length < 3 ? "plain" : "channelsLast")(node);
  return { ops: [op], orders, lower };
}

/** `concat`, `split` and `channelShuffle`. */
export const channelMoves: readonly KernelFamily[] = [
  family("concat", lowerMove),
  family("split", lowerMove),
  family("channelShuffle", lowerShuffle),
];
