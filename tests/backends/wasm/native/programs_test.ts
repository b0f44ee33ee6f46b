import { assertEquals, assertThrows } from "@std/assert";
import { ModuleBuilder } from "../../../../assembler/mod.ts";
import { guardedMemory, startOf } from "../../../../backends/wasm/native/memory.ts";
import { loadNative } from "../../../../backends/wasm/native/programs.ts";
import { nativeLevels } from "../../../support/native.ts";

function emptyModule(): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder({ maximumPages: 1, shared: false });
  for (const name of ["first", "second"]) module.export(module.function(name, { thread: "i32" }));
  return module.build();
}

for (const level of nativeLevels()) {
  Deno.test(`loaded programs keep the module's names, order and memory (${level})`, () => {
    const memory = guardedMemory(1, false);
    using loaded = loadNative(emptyModule(), memory, level);
    assertEquals(loaded.programs.base, startOf(memory));
    assertEquals(loaded.programs.entries.map(([name]) => name), ["first", "second"]);
  });

  Deno.test(`invalid modules are refused (${level})`, () => {
    const module = emptyModule();
    // The body of the last function: no locals, the end.
    assertEquals(module.slice(-2), new Uint8Array([0, 0x0b]));
    // The dropped value is missing.
    module[module.length - 2] = 0x1a;
    assertThrows(() => loadNative(module, guardedMemory(1, false), level), Error, "not valid");
  });

  Deno.test(`a memory is refused if too little is reserved after it (${level})`, () => {
    // V8 under Deno reserves what the memory may grow to, 4 GiB at most.
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536 });
    assertThrows(() => loadNative(emptyModule(), memory, level), Error, "reach more than");
  });
}
