/** Ops that scale or move channels. */
import { channelScale } from "../../../ops/channel_scale.ts";
import { channelShuffle } from "../../../ops/channel_shuffle.ts";
import { concat, split } from "../../../ops/concat.ts";
import { gate } from "../../../ops/gate.ts";
import type { Families } from "./case.ts";

export const CHANNELS: Families = {
  "factors of channels"(draw) {
    const shape = draw.images();
    const [batch, channels] = shape;
    return {
      inputs: [draw.floats(shape), draw.floats([batch, channels, 1, 1]), draw.floats([channels])],
      build: ([x, gates, weight]) => [gate(x, gates), channelScale(x, weight)],
      differentiable: true,
    };
  },
  "moved channels"(draw) {
    const [batch, first, ...rest] = draw.one(draw.images(draw.whole(1, 90)), [
      3,
      draw.whole(1, 20),
    ]);
    const second = draw.one(draw.whole(1, 20), 4 * draw.whole(1, 5));
    const groups = draw.one(1, 2, 3);
    return {
      inputs: [draw.floats([batch, first, ...rest]), draw.floats([batch, second, ...rest])],
      build([a, b]) {
        const joined = concat([a, b]);
        const repeated = concat(Array(groups).fill(b));
        return [joined, ...split(joined, [second, first]), channelShuffle(repeated, groups)];
      },
      differentiable: true,
    };
  },
};
