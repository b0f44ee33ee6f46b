/** The backends that every numeric test runs on. */
import type { Backend } from "../../backends/backend.ts";
import { referenceBackend } from "../../backends/reference/reference.ts";
import { webgpuBackend } from "../../backends/webgpu/mod.ts";
import { quietDriver } from "../../backends/webgpu/quiet_driver.ts";
import { cpuBesideEveryForm } from "./cpu_forms.ts";
import "./vulkan.ts";

quietDriver();

/** Whether this system has a WebGPU adapter, software ones included. */
export const hasAdapter = Boolean(await navigator.gpu?.requestAdapter());
if (!hasAdapter) {
  console.warn(
    "SKIPPED: no WebGPU adapter, so nothing is tested on WebGPU; Debian's mesa-vulkan-drivers " +
      "has a software one",
  );
}

let webgpu: Promise<Backend> | undefined;

/** Each backend under test: its name and how it is made. */
export const BACKENDS: readonly {
  readonly name: string;
  create(): Backend | Promise<Backend>;
  /** Whether this system lacks it. */
  readonly ignore?: boolean;
}[] = [
  { name: "reference", create: referenceBackend },
  { name: "cpu", create: cpuBesideEveryForm },
  // All tests of a file share one device, which outlives them.
  { name: "webgpu", create: () => webgpu ??= webgpuBackend(), ignore: !hasAdapter },
];

/**
 * Registers a test that runs on every backend, or on those that `chosen` accepts by name. On a
 * missing backend it is reported as ignored.
 */
export function testOnEveryBackend(
  name: string,
  run: (backend: Backend) => Promise<void>,
  chosen: (backend: string) => boolean = () => true,
): void {
  for (const { name: backend, create, ignore } of BACKENDS.filter(({ name }) => chosen(name))) {
    Deno.test({
      name: `${name} (${backend})`,
      ignore,
      sanitizeOps: backend !== "webgpu",
      sanitizeResources: backend !== "webgpu",
      fn: async () => run(await create()),
    });
  }
}
