/** Random shapes and options: every backend against the reference. */
import { assertEquals } from "@std/assert";
import { referenceBackend } from "../../backends/reference/reference.ts";
import { constantOp, inputOp, variableOp } from "../../graph/leaves.ts";
import { OPS } from "../../ops/registry.ts";
import { testOnEveryBackend } from "../support/backends.ts";
import { FAMILIES } from "../support/random_cases.ts";
import { randomCount } from "../support/random_count.ts";
import { casesOf } from "../support/random_programs.ts";
import { narrow } from "../support/run.ts";
import { assertWithin, deviation } from "../support/tolerance.ts";

/** Relative to the largest magnitude; the CPU's fast convolutions lose the most. */
const TOLERANCE = 1e-4;

for (const family of Object.keys(FAMILIES)) {
  testOnEveryBackend(`random ${family} agree with the reference`, async (backend) => {
    for (const { seed, found: { inputs }, program } of casesOf(family, randomCount(2))) {
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
  const unused = [...OPS.keys()].filter((name) => !used.has(name));
  assertEquals(unused, [], "use them in a case in tests/support/random_cases/");
});
