/** Programs of random ops with their gradients. */
import { InputError } from "../../errors.ts";
import { constant, input, output, trace } from "../../graph/trace.ts";
import type { Program } from "../../graph/types.ts";
import { vectorJacobianProduct } from "../../ops/gradients.ts";
import { Draw } from "./draw.ts";
import { FAMILIES } from "./random_cases.ts";
import type { RandomCase } from "./random_cases/case.ts";
import { dtypeOf } from "./run.ts";
import { someNumbers } from "./run_module.ts";

/** Cases of each family. */
const CASES = 6;

/** The program of a case. */
function programOf({ inputs, build, differentiable }: RandomCase): Program {
  return trace({ name: "random" }, () => {
    const values = inputs.map(({ shape, data }, i) => input(`x${i}`, shape, dtypeOf(data)));
    const results = build(values);
    results.forEach((value, i) => output(`y${i}`, value));
    if (!differentiable) return;
    const floats = values.filter(({ dtype }) => dtype === "f32");
    const seeds = results.map(({ shape }) => constant(shape, someNumbers(shape)));
    vectorJacobianProduct(results, seeds, floats).forEach((gradient, i) =>
      output(`dx${i}`, gradient)
    );
  });
}

/** The first `total` cases of a family that are valid (default {@link CASES}), with their programs. */
export function* casesOf(
  family: string,
  total = CASES,
): Generator<{ readonly seed: number; readonly found: RandomCase; readonly program: Program }> {
  let count = 0;
  for (let seed = 1; count < total; seed++) {
    const found = FAMILIES[family](new Draw(seed));
    try {
      yield { seed, found, program: programOf(found) };
      count++;
    } catch (error) {
      // Options are drawn independently of the shape; the ops' shape rules reject those that do not
      // fit.
      if (!(error instanceof InputError)) throw error;
    }
  }
}
