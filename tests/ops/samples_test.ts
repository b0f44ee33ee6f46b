/** Every op on its samples: each backend against the reference. */
import { assert } from "@std/assert";
import { referenceBackend } from "../../backends/reference/reference.ts";
import { caseOf } from "../../cli/kernel_case.ts";
import { isLeaf } from "../../graph/leaves.ts";
import { OPS } from "../../ops/registry.ts";
import { sampleOperand } from "../../ops/samples.ts";
import { testOnEveryBackend } from "../support/backends.ts";
import { assertWithin, deviation } from "../support/tolerance.ts";

const CASES = [...OPS.values()].flatMap((op) =>
  op.samples.map(({ operands, attributes }, i) => {
    const { program, inputs } = caseOf(op, operands.map(sampleOperand), attributes);
    return { program: { ...program, name: `${op.name} ${i}` }, inputs };
  })
);

Deno.test("every op that computes something has a sample", () => {
  for (const op of OPS.values()) assert(isLeaf(op) || op.samples.length > 0, op.name);
});

testOnEveryBackend("ops on their samples agree with the reference", async (backend) => {
  const programs = CASES.map(({ program }) => program);
  const [expected, actual] = await Promise.all(
    [referenceBackend(), backend].map(async (backend) => {
      const executable = await backend.compile(programs);
      try {
        const runs = CASES.map(({ program: { name }, inputs }) => executable.run(name, inputs));
        return await Promise.all(runs);
      } finally {
        executable.dispose();
      }
    }),
  );
  assertWithin(
    CASES.flatMap(({ program }, i) =>
      Object.entries(expected[i]).map(([name, values]) => ({
        name: `${program.name}, ${name}`,
        ...deviation(actual[i][name], values),
      }))
    ),
    1e-5,
  );
});
