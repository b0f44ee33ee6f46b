/**
 * 1x1 convolutions of random shapes, which have kernels of their own and are rare among the random
 * convolutions of `tests/ops/random_test.ts`.
 */
import { referenceBackend } from "../../backends/reference/reference.ts";
import type { Value } from "../../graph/types.ts";
import { conv2d } from "../../ops/conv2d.ts";
import { vectorJacobianProduct } from "../../ops/gradients.ts";
import { testOnEveryBackend } from "../support/backends.ts";
import { Draw } from "../support/draw.ts";
import { randomCount } from "../support/random_count.ts";
import { compute } from "../support/run.ts";
import { assertWithin, deviation } from "../support/tolerance.ts";

const CASES = randomCount(2);

testOnEveryBackend("1x1 convolutions of random shapes, and the gradients", async (backend) => {
  for (let seed = 0; seed < CASES; seed++) {
    const draw = new Draw(seed);
    const [inChannels, outChannels] = draw.pair(1, 40);
    const shape = [draw.whole(1, 4), inChannels, draw.whole(1, 12), 4 * draw.whole(1, 3)];
    const weightShape = [outChannels, inChannels, 1, 1];
    const inputs = { x: draw.floats(shape), weight: draw.floats(weightShape) };
    const build = ({ x, weight }: Record<"x" | "weight", Value>) => {
      const y = conv2d(x, weight);
      // The output itself serves as the upstream gradient.
      const [dx, dweight] = vectorJacobianProduct([y], [y], [x, weight]);
      return { y, dx, dweight };
    };
    const expected = await compute(referenceBackend(), inputs, build);
    const actual = await compute(backend, inputs, build);
    const sizes = `${shape.join("x")} * ${weightShape.join("x")}`;
    assertWithin(
      Object.entries(expected).map(([name, values]) => ({
        name: `${sizes}, ${name}`,
        ...deviation(actual[name], values),
      })),
      2e-5,
    );
  }
});
