/** A module's programs as machine code. */
import type { NativePrograms } from "../workers.ts";
import { CodePages } from "./code_pages.ts";
import { isGuarded, startOf } from "./memory.ts";
import { translateModule } from "./mod.ts";
import type { NativeLevel } from "./processor.ts";

/** Machine code of programs, mapped until it is disposed of. */
export interface LoadedPrograms extends Disposable {
  readonly programs: NativePrograms;
}

/**
 * Translates a module that was emitted here and maps its code.
 *
 * @param memory the memory that it uses, made by `guardedMemory`; it must outlive every run
 * @throws {RunError} if the system does not allow it
 */
export function loadNative(
  module: Uint8Array<ArrayBuffer>,
  memory: WebAssembly.Memory,
  level: NativeLevel,
): LoadedPrograms {
  if (!isGuarded(memory)) throw new Error("native code would reach more than its memory");
  if (!WebAssembly.validate(module)) throw new Error("the module to translate is not valid");
  const { code, entries } = translateModule(module, level);
  const pages = new CodePages(code);
  return {
    programs: {
      base: startOf(memory),
      entries: [...entries].map(([name, offset]) => [name, pages.address(offset)]),
    },
    [Symbol.dispose]: () => pages.dispose(),
  };
}
