/** The backends that every numeric test runs on. */
import type { Backend } from "../../backends/backend.ts";
import { referenceBackend } from "../../backends/reference/reference.ts";
import { cpuBackend } from "../../backends/wasm/mod.ts";

/** Name and maker of each backend under test. */
export const BACKENDS: readonly { readonly name: string; create(): Backend }[] = [
  { name: "reference", create: referenceBackend },
  { name: "cpu", create: () => cpuBackend({ threads: 2 }) },
];

/** Registers a test that runs on every backend. */
export function testOnEveryBackend(name: string, run: (backend: Backend) => Promise<void>): void {
  for (const backend of BACKENDS) {
    Deno.test(`${name} (${backend.name})`, () => run(backend.create()));
  }
}
