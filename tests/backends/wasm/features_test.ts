import { assertEquals, assertStrictEquals } from "@std/assert";
import { cpuFeatures } from "../../../backends/wasm/features.ts";

Deno.test("the engine has vectors and threads, and is probed once", () => {
  const features = cpuFeatures();
  assertEquals([features.simd, features.threads], [true, true]);
  assertStrictEquals(cpuFeatures(), features);
});
