import { assert, assertEquals } from "@std/assert";
import { call, ModuleBuilder } from "../../../../assembler/mod.ts";
import { CodePages } from "../../../../backends/wasm/native/code_pages.ts";
import { guardedMemory, startOf } from "../../../../backends/wasm/native/memory.ts";
import { translateModule } from "../../../../backends/wasm/native/mod.ts";
import { nativeLevels } from "../../../support/native.ts";
import { compareRandomModule } from "../../../support/random_module_run.ts";

for (const level of nativeLevels()) {
  Deno.test(`random modules compute the same bits in native code as in WebAssembly (${level})`, () => {
    for (let seed = 0; seed < 150; seed++) {
      const { wasm, native, changed } = compareRandomModule(seed, level);
      assertEquals(native, wasm, `seed ${seed}`);
      assert(changed, `seed ${seed} wrote nothing`);
    }
  });

  Deno.test(`reaching unreachable code makes native code return 1 (${level})`, () => {
    const module = new ModuleBuilder({ maximumPages: 1, shared: false });
    const inner = module.function("inner", {});
    inner.unreachable();
    const run = module.function("run", { thread: "i32" });
    run.if(run.parameters.thread, () => run.emit(call(inner, {})));
    module.export(run);
    const { code, entries } = translateModule(module.build(), level);
    using pages = new CodePages(code);
    const f = pages.functionAt(entries.get("run")!, {
      parameters: ["usize", "u32"],
      result: "u32",
    });
    const memory = guardedMemory(1, false);
    assertEquals([0, 1, 0].map((thread) => f.call(startOf(memory), thread)), [0, 1, 0]);
  });
}
