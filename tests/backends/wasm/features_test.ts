import { assertEquals, assertStrictEquals } from "@std/assert";
import { cpuFeatures, selectTarget } from "../../../backends/wasm/features.ts";

Deno.test("the engine has vectors and threads, and is probed once", () => {
  const features = cpuFeatures();
  assertEquals([features.simd, features.threads], [true, true]);
  assertStrictEquals(cpuFeatures(), features);
});

Deno.test("a target takes what is overridden and the engine's features for the rest", () => {
  assertEquals(selectTarget({ wide: 2, relaxedSimd: false }), { wide: 2, relaxedSimd: false });
  const { relaxedSimd, pairedSimd } = cpuFeatures();
  assertEquals(selectTarget({ wide: 2 }), { wide: 2, relaxedSimd });
  assertEquals(selectTarget(), { wide: pairedSimd ? 2 : 1, relaxedSimd });
});
