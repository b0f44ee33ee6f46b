import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { openBackend } from "../../backends/registry.ts";
import { cpuFeatures } from "../../backends/wasm/features.ts";
import { cpuBackend, repeatCpuBackend } from "../../backends/wasm/mod.ts";
import { webgpuBackend } from "../../backends/webgpu/mod.ts";
import { repeatedTuning } from "../../backends/webgpu/tuning.ts";
import { InputError } from "../../errors.ts";
import { hasAdapter } from "../support/backends.ts";

/** What a checkpoint holds of a backend. */
function stored<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

Deno.test("a CPU backend is repeated in its form and number of threads, whatever the machine's are", async () => {
  for (const wide of [1, 2] as const) {
    for (const relaxedSimd of [false, cpuFeatures().relaxedSimd]) {
      const { numerics } = cpuBackend({ threads: 3, target: { wide, relaxedSimd } });
      const repeat = stored({ name: "cpu", numerics });
      const again = await openBackend({ backend: "webgpu", threads: 1, precision: "high", repeat });
      assertEquals([again.name, again.threads, again.numerics], ["cpu", 3, numerics]);
    }
  }
});

Deno.test("numerics that this processor has not, or that no backend has, are refused", async () => {
  const { numerics } = cpuBackend({ target: { wide: 1, relaxedSimd: true } });
  const unfused = { ...cpuFeatures(), relaxedSimd: false };
  assertThrows(() => repeatCpuBackend(numerics, unfused), InputError, "rounds them twice");
  for (const damage of [{ wide: 3 }, { threads: 1e9 }, { threads: "2" }, { relaxedSimd: null }]) {
    assertThrows(() => repeatCpuBackend({ ...numerics, ...damage }), InputError);
  }
  const repeat = { name: "tpu", numerics };
  await assertRejects(() => openBackend({ repeat }), InputError, 'the backend "tpu"');
});

Deno.test("numerics that are refused are not told at length", () => {
  const long = "x".repeat(1e5);
  const { numerics } = cpuBackend();
  const adapter = { vendor: "", architecture: "", device: "", description: "" };
  const here = { version: 1, adapter, driver: "", runtime: "" };
  for (
    const repeat of [
      () => repeatCpuBackend({ ...numerics, threads: long }),
      () => repeatedTuning({ ...here, driver: long }, here),
    ]
  ) {
    assertEquals(assertThrows(repeat, InputError).message.slice(500), "");
  }
});

Deno.test({
  name: "a WebGPU backend is repeated with its tuned kernels, and on no other driver",
  ignore: !hasAdapter,
  fn: async () => {
    const { name, numerics } = await webgpuBackend();
    const tuning = { kernel: "variant" };
    const tuned = { name, numerics: stored({ ...numerics, tuning }) };
    assertEquals((await openBackend({ repeat: tuned })).numerics, { ...numerics, tuning });
    const other = { name, numerics: { ...numerics, driver: "another" } };
    await assertRejects(() => openBackend({ repeat: other }), InputError, "of another driver");
  },
});
