import { assertEquals, assertStringIncludes } from "@std/assert";
import { cpuChecks, denoCheck } from "../../cli/doctor.ts";

Deno.test("doctor accepts supported versions of Deno and tells how to get one", () => {
  assertEquals(denoCheck("2.9.6").status, "ok");
  assertEquals(denoCheck("2.10.0").status, "ok");
  assertEquals(denoCheck("3.0.0").status, "ok");
  const old = denoCheck("2.8.14");
  assertEquals(old.status, "fail");
  assertStringIncludes(old.advice ?? "", "deno upgrade");
});

Deno.test("doctor fails a machine without SIMD or threads and only warns of slower ones", () => {
  const statuses = (simd: boolean, threads: boolean, relaxedSimd: boolean) =>
    cpuChecks({ simd, threads, relaxedSimd, pairedSimd: false, native: {} })
      .map(({ status }) => status);
  assertEquals(statuses(true, true, true), ["ok", "ok", "ok", "ok"]);
  assertEquals(statuses(false, false, false), ["fail", "fail", "warn", "ok"]);
});
