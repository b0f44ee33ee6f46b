import { assertEquals, assertThrows } from "@std/assert";
import { type CpuFeatures, cpuFeatures } from "../../../backends/wasm/features.ts";
import { describeForm, selectForm } from "../../../backends/wasm/forms.ts";
import { RunError } from "../../../errors.ts";

function featuresWith(native: CpuFeatures["native"], relaxedSimd = true): CpuFeatures {
  return { ...cpuFeatures(), relaxedSimd, native };
}

Deno.test("the fastest form that the process supports is chosen", () => {
  const select = (native: CpuFeatures["native"]) => selectForm(undefined, {}, featuresWith(native));
  const form = (name: string, wide: number) => ({ name, target: { wide, relaxedSimd: true } });
  assertEquals(select({ level: "avx512" }), form("avx512", 4));
  assertEquals(select({ level: "avx2" }), form("avx2", 2));
  assertEquals(select({ missing: "it needs Deno" }), form("wasm", 1));
});

Deno.test("a form, and any part of its target, can be requested", () => {
  const both = featuresWith({ level: "avx512" }), plain = featuresWith({ missing: "it is late" });
  assertEquals(selectForm("avx2", {}, both).target, { wide: 2, relaxedSimd: true });
  assertEquals(selectForm("wasm", { wide: 2 }, both).target, { wide: 2, relaxedSimd: true });
  const unfused = { wide: 1, relaxedSimd: false } as const;
  assertEquals(selectForm("avx512", unfused, both).target, unfused);
  assertEquals(
    assertThrows(() => selectForm("avx2", {}, plain), RunError).message,
    "native AVX2 code is unavailable here: it is late",
  );
  const avx2 = featuresWith({ level: "avx2" });
  assertThrows(() => selectForm("avx512", {}, avx2), RunError, "the processor has AVX2 only");
});

Deno.test("a form has a readable description", () => {
  const native = selectForm(undefined, {}, featuresWith({ level: "avx2" }));
  assertEquals(describeForm(native), "native AVX2, 256-bit vectors, fused multiply-add");
  const plain = selectForm(undefined, {}, featuresWith({ missing: "it is late" }, false));
  assertEquals(describeForm(plain), "WebAssembly SIMD, 128-bit vectors");
});
