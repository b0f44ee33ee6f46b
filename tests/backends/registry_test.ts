import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { openBackend } from "../../backends/registry.ts";
import { cpuFeatures } from "../../backends/wasm/features.ts";
import { cpuBackend, repeatCpuBackend } from "../../backends/wasm/mod.ts";
import { webgpuBackend } from "../../backends/webgpu/mod.ts";
import { repeatedTuning } from "../../backends/webgpu/tuning.ts";
import { InputError } from "../../errors.ts";
import { hasAdapter } from "../support/backends.ts";
import { nativeLevels } from "../support/native.ts";

/** What a checkpoint stores about a backend. */
function stored<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

Deno.test("a CPU backend is recreated with its number of threads, in any form of code", async () => {
  for (const relaxedSimd of [false, cpuFeatures().relaxedSimd]) {
    const { numerics } = cpuBackend({ threads: 3, form: "wasm", target: { wide: 2, relaxedSimd } });
    const repeat = stored({ name: "cpu", numerics });
    for (const form of ["wasm", ...nativeLevels()] as const) {
      const options = { backend: "webgpu", threads: 1, precision: "high", form, repeat } as const;
      const again = await openBackend(options);
      assertEquals([again.name, again.threads, again.numerics], ["cpu", 3, numerics]);
      assertEquals(again.description.includes("native"), form !== "wasm");
    }
  }
});

Deno.test("unsupported numerics are refused", async () => {
  const { numerics } = cpuBackend({ target: { relaxedSimd: true } });
  const unfused = { ...cpuFeatures(), relaxedSimd: false };
  assertThrows(() => repeatCpuBackend(numerics, {}, unfused), InputError, "rounds them twice");
  const { fused, ...others } = numerics;
  const former = { ...others, wide: 1, relaxedSimd: fused };
  assertThrows(() => repeatCpuBackend(former), InputError, "an earlier version");
  for (const damage of [{ threads: 1e9 }, { threads: "2" }, { fused: null }, { partition: 1 }]) {
    assertThrows(() => repeatCpuBackend({ ...numerics, ...damage }), InputError);
  }
  const repeat = { name: "tpu", numerics };
  await assertRejects(() => openBackend({ repeat }), InputError, 'the backend "tpu"');
});

Deno.test("errors about refused numerics stay short", () => {
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
  name: "a WebGPU backend is recreated with its tuned kernels, on the same driver only",
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
