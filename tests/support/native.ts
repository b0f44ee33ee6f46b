/** Native code that this machine can run. */
import { cpuFeatures } from "../../backends/wasm/features.ts";
import type { NativeLevel } from "../../backends/wasm/native/processor.ts";

const { level, missing } = cpuFeatures().native;
if (level === undefined) console.warn(`SKIPPED: no native code: ${missing}`);

/** The levels that this process can run; none without native code. */
export function nativeLevels(): NativeLevel[] {
  return level === undefined ? [] : level === "avx2" ? ["avx2"] : ["avx2", "avx512"];
}
