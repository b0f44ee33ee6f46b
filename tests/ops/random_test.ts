/** Random shapes and options: every backend against the reference's plain meaning of the ops. */
import { assertEquals } from "@std/assert";
import { referenceBackend } from "../../backends/reference/reference.ts";
import { constant, input, output, trace } from "../../graph/trace.ts";
import { constantOp, inputOp, variableOp } from "../../graph/leaves.ts";
import type { Program } from "../../graph/types.ts";
import { vectorJacobianProduct } from "../../ops/gradients.ts";
import { OPS } from "../../ops/registry.ts";
import { InputError } from "../../errors.ts";
import { testOnEveryBackend } from "../support/backends.ts";
import { Draw, FAMILIES, type RandomCase } from "../support/random_cases.ts";
import { dtypeOf, narrow } from "../support/run.ts";
import { someNumbers } from "../support/run_module.ts";
import { assertWithin, deviation } from "../support/tolerance.ts";

/** Cases of each family. */
const CASES = 6;
/** Of the largest magnitude; the CPU's fast convolutions lose the most. */
const TOLERANCE = 1e-4;

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

/** The first cases of a family that are valid, with their programs. */
function* casesOf(
  family: string,
): Generator<{ seed: number; found: RandomCase; program: Program }> {
  let count = 0;
  for (let seed = 1; count < CASES; seed++) {
    const found = FAMILIES[family](new Draw(seed));
    try {
      yield { seed, found, program: programOf(found) };
      count++;
    } catch (error) {
      // Options drawn apart from the shape may not fit it, which the ops' shape rules say.
      if (!(error instanceof InputError)) throw error;
    }
  }
}

for (const family of Object.keys(FAMILIES)) {
  testOnEveryBackend(`random ${family} agree with the reference`, async (backend) => {
    for (const { seed, found: { inputs }, program } of casesOf(family)) {
      const data = Object.fromEntries(inputs.map(({ data }, i) => [`x${i}`, narrow(data)]));
      const [expected, actual] = await Promise.all(
        [referenceBackend(), backend].map(async (backend) => {
          const executable = await backend.compile([program]);
          try {
            return await executable.run("random", data);
          } finally {
            executable.dispose();
          }
        }),
      );
      assertWithin(
        Object.entries(expected).map(([name, values]) => ({
          name: `seed ${seed}, ${name}`,
          ...deviation(actual[name], values),
        })),
        TOLERANCE,
      );
    }
  });
}

Deno.test("random cases use every op", () => {
  const used = new Set<string>([constantOp, inputOp, variableOp].map(({ name }) => name));
  for (const family of Object.keys(FAMILIES)) {
    for (const { program } of casesOf(family)) {
      program.nodes.forEach(({ op }) => used.add(op.name));
    }
  }
  assertEquals([...OPS.keys()].filter((name) => !used.has(name)), []);
});
