/** `dropout`, `dropout2d`, `stochastic_depth`: the layers, with the fixture's mask. */
import { z } from "zod";
import { Dropout, Dropout2d, type RandomDrop, StochasticDepth } from "../../../layers/dropout.ts";
import { vectorJacobianProduct } from "../../../ops/gradients.ts";
import { scale } from "../../../ops/scale.ts";
import { compute } from "../run.ts";
import { type Kind, LAYER_TOLERANCE } from "./kind.ts";

const schema = z.object({ p: z.number(), mode: z.literal("row").optional() });

function kindOf(Layer: new (options: { p: number }) => RandomDrop): Kind {
  return {
    tolerance: LAYER_TOLERANCE,
    async check(fixture, backend) {
      const { p } = fixture.config(schema);
      const inputs = {
        x: fixture.input("x"),
        dy: fixture.input("dy"),
        mask: fixture.input("mask"),
      };
      const outputs = await compute(backend, inputs, ({ x, dy, mask }) => {
        const y = new Layer({ p }).masked(x, () => scale(mask, 1 / (1 - p)));
        const [dx] = vectorJacobianProduct([y], [dy], [x]);
        return { y, dx };
      });
      for (const [name, data] of Object.entries(outputs)) fixture.compare(name, data);
    },
  };
}

export const dropout = kindOf(Dropout);
export const dropout2d = kindOf(Dropout2d);
export const stochasticDepth = kindOf(StochasticDepth);
