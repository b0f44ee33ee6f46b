/** `add`: the sum of two tensors. */
import { add as addOp } from "../../../ops/add.ts";
import { vectorJacobianProduct } from "../../../ops/gradients.ts";
import { compute } from "../run.ts";
import { type Kind, LAYER_TOLERANCE } from "./kind.ts";

export const add: Kind = {
  tolerance: LAYER_TOLERANCE,
  async check(fixture, backend) {
    const inputs = { a: fixture.input("a"), b: fixture.input("b"), dy: fixture.input("dy") };
    const outputs = await compute(backend, inputs, ({ a, b, dy }) => {
      const y = addOp(a, b);
      const [da, db] = vectorJacobianProduct([y], [dy], [a, b]);
      return { y, da, db };
    });
    for (const [name, data] of Object.entries(outputs)) fixture.compare(name, data);
  },
};
