import { assertEquals, assertStringIncludes } from "@std/assert";
import type { CpuFeatures } from "../../backends/registry.ts";
import { cpuChecks, denoCheck } from "../../cli/doctor.ts";

Deno.test("doctor rejects old versions of Deno with advice", () => {
  assertEquals(denoCheck("2.9.6").status, "ok");
  assertEquals(denoCheck("2.10.0").status, "ok");
  assertEquals(denoCheck("3.0.0").status, "ok");
  const old = denoCheck("2.8.14");
  assertEquals(old.status, "fail");
  assertStringIncludes(old.advice ?? "", "deno upgrade");
});

const FEATURES = { simd: true, threads: true, relaxedSimd: true };

Deno.test("doctor fails without SIMD or threads and warns without relaxed SIMD", () => {
  const statuses = (simd: boolean, threads: boolean, relaxedSimd: boolean) =>
    cpuChecks({ simd, threads, relaxedSimd, native: { missing: "it is late" } })
      .map(({ status }) => status);
  assertEquals(statuses(true, true, true), ["ok", "ok", "ok", "ok"]);
  assertEquals(statuses(false, false, false), ["fail", "fail", "warn", "ok"]);
});

Deno.test("doctor reports the form of the CPU kernels and why", () => {
  const found = (native: CpuFeatures["native"]) =>
    Object.fromEntries(cpuChecks({ ...FEATURES, native }).map(({ name, found }) => [name, found]));
  const native = found({ level: "avx2", processor: "A Processor 3000" });
  assertEquals(native.processor, "A Processor 3000");
  assertStringIncludes(native["CPU kernels"], "native AVX2, 256-bit vectors");
  assertStringIncludes(native["CPU kernels"], "in tasks that train or measure");
  const plain = found({ missing: "it needs --allow-ffi" });
  assertEquals("processor" in plain, false);
  assertEquals(
    plain["CPU kernels"],
    "WebAssembly SIMD, 128-bit vectors, fused multiply-add; no native code: it needs --allow-ffi",
  );
});
