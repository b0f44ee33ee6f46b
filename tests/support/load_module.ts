/** Runs modules in any form, on one thread, without a pool. */
import type { FormName } from "../../backends/wasm/forms.ts";
import { guardedMemory } from "../../backends/wasm/native/memory.ts";
import { loadNative } from "../../backends/wasm/native/programs.ts";
import { type Program, programsOf } from "../../backends/wasm/workers.ts";

/** A memory with this many pages for programs in a form. */
export function memoryFor(form: FormName, pages: number, shared: boolean): WebAssembly.Memory {
  return form === "wasm"
    ? new WebAssembly.Memory({ initial: pages, maximum: pages, shared })
    : guardedMemory(pages, shared);
}

/** Programs that can be called until they are disposed of. */
export interface LoadedModule extends Disposable {
  /** Calls an exported function. */
  call(name: string, thread: number): void;
}

/** Loads a module on a memory that {@link memoryFor} made. */
export function loadModule(
  module: Uint8Array<ArrayBuffer>,
  memory: WebAssembly.Memory,
  form: FormName,
): LoadedModule {
  const native = form === "wasm" ? undefined : loadNative(module, memory, form);
  const code = native ? { native: native.programs } : { module: new WebAssembly.Module(module) };
  const programs = new Map<string, Program>(programsOf(code, memory));
  return {
    call: (name, thread) => programs.get(name)!(thread),
    [Symbol.dispose]: () => native?.[Symbol.dispose](),
  };
}
