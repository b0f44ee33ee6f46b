/** `concat` and `channel_shuffle`: ops that move channels. */
import { z } from "zod";
import { ChannelShuffle } from "../../../layers/channel_shuffle.ts";
import { concat } from "../../../ops/concat.ts";
import { vectorJacobianProduct } from "../../../ops/gradients.ts";
import { checkLayer } from "../layer_case.ts";
import { compute } from "../run.ts";
import { type Kind, LAYER_TOLERANCE } from "./kind.ts";

export const channelShuffle: Kind = {
  tolerance: LAYER_TOLERANCE,
  check(fixture, backend) {
    const { groups } = fixture.config(z.object({ groups: z.int() }));
    return checkLayer(fixture, backend, new ChannelShuffle(groups));
  },
};

export const concatenation: Kind = {
  tolerance: LAYER_TOLERANCE,
  async check(fixture, backend) {
    const { inputs } = fixture.config(z.object({ inputs: z.int(), axis: z.literal(1) }));
    const names = Array.from({ length: inputs }, (_, i) => `x${i}`);
    const tensors = Object.fromEntries([...names, "dy"].map((name) => [name, fixture.input(name)]));
    const outputs = await compute(backend, tensors, ({ dy, ...values }) => {
      const operands = names.map((name) => values[name]);
      const y = concat(operands);
      const gradients = vectorJacobianProduct([y], [dy], operands);
      return { y, ...Object.fromEntries(gradients.map((value, i) => [`dx${i}`, value])) };
    });
    for (const [name, data] of Object.entries(outputs)) fixture.compare(name, data);
  },
};
