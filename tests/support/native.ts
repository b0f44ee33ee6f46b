/** What native code the machine at hand can run. */
import type { NativeLevel } from "../../backends/wasm/native/processor.ts";
import { detectNativeSupport } from "../../backends/wasm/native/support.ts";

/** The levels that this process can run; none where there is no native code. */
export function nativeLevels(): NativeLevel[] {
  const { level } = detectNativeSupport();
  return level === undefined ? [] : level === "avx2" ? ["avx2"] : ["avx2", "avx512"];
}
