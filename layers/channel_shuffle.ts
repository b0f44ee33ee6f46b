/** Channel shuffle. */
import type { Value } from "../graph/types.ts";
import { channelShuffle } from "../ops/channel_shuffle.ts";
import { z } from "../schema/entry.ts";
import type { LayerEntry } from "./layer_entry.ts";
import { Module } from "./module.ts";

/**
 * Channels of several groups interleaved (ShuffleNet, arXiv:1707.01083). Matches
 * `torch.nn.ChannelShuffle`.
 */
export class ChannelShuffle extends Module {
  /** The number is checked by {@link forward}. */
  constructor(readonly groups: number) {
    super();
  }

  /** [N, C, …] → the same shape. Throws InputError where the groups do not divide the channels. */
  forward(input: Value): Value {
    return channelShuffle(input, this.groups);
  }
}

const schema = z.strictObject({
  groups: z.int().min(1).describe("Groups of channels that follow one another"),
});

export const channelShuffleLayer: LayerEntry<typeof schema> = {
  about: "The channels of several groups in turn",
  schema,
  build: ({ groups }) => new ChannelShuffle(groups),
};
