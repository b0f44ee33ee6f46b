/** Whole programs on the CPU backend, compared with the reference. */
import { assert, assertEquals } from "@std/assert";
import type { TensorData } from "../../../backends/backend.ts";
import { referenceBackend } from "../../../backends/reference/reference.ts";
import { trace } from "../../../graph/trace.ts";
import { cpuBackend } from "../../../backends/wasm/mod.ts";
import type { Program, Variable } from "../../../graph/types.ts";
import { cpuInEveryForm } from "../../support/cpu_forms.ts";
import { randomSource } from "./node_check.ts";

/** Compile options for tests of launches only. */
export const COMPILED = {
  target: { wide: 1, relaxedSimd: true },
  threads: 2,
  precision: "fast",
  partition: "static",
} as const;

/** Traces a program over variables of these sizes. */
export function program(variables: Readonly<Record<string, number>>, build: () => void): Program {
  const list: Variable[] = Object.entries(variables).map(([name, size]) => ({ name, size }));
  return trace({ name: "program", variables: list }, build);
}

/**
 * Runs a program a few times on both backends, from equal variables, and compares all results; with
 * two threads in every form of code, with one and three in the fastest.
 */
export async function checkAgainstReference(
  program: Program,
  inputs: Readonly<Record<string, TensorData>> = {},
  tolerance = 1e-6,
): Promise<void> {
  const random = randomSource(9);
  const contents = program.variables.map(({ name, size }) => ({
    name,
    data: Float32Array.from({ length: size }, () => random() - 0.5),
  }));
  const expected = await referenceBackend().compile([program]);
  for (const { name, data } of contents) expected.write(name, data);
  const wanted: Record<string, Float32Array>[] = [];
  for (let run = 0; run < 2; run++) wanted.push(await expected.run(program.name, inputs));
  for (const threads of [1, 2, 3]) {
    const backend = threads === 2 ? cpuInEveryForm({ threads }) : cpuBackend({ threads });
    const actual = await backend.compile([program]);
    for (const { name, data } of contents) actual.write(name, data);
    for (const outputs of wanted) {
      const found = await actual.run(program.name, inputs);
      for (const [name, data] of Object.entries(outputs)) {
        assertClose(found[name], data, tolerance, `output ${name}`);
      }
    }
    for (const { name } of contents) {
      const data = await expected.read(name);
      assertClose(await actual.read(name), data, tolerance, `variable ${name}`);
    }
    actual.dispose();
  }
}

/** Throws an AssertionError that names the first number outside the tolerance. */
export function assertClose(
  actual: Float32Array,
  expected: Float32Array,
  tolerance: number,
  name: string,
): void {
  assertEquals(actual.length, expected.length);
  const largest = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-30);
  expected.forEach((x, i) => {
    const error = Math.abs(x - actual[i]) / largest;
    assert(error <= tolerance, `${name}[${i}] is ${actual[i]}, expected ${x}`);
  });
}
