/** Runs random modules in both forms. */
import { CodePages } from "../../backends/wasm/native/code_pages.ts";
import { guardedMemory, startOf } from "../../backends/wasm/native/memory.ts";
import { translateModule } from "../../backends/wasm/native/mod.ts";
import type { NativeLevel } from "../../backends/wasm/native/processor.ts";
import { RandomStream } from "../../graph/random.ts";
import { randomModule } from "./random_module.ts";
import { fillMemory, RANDOM_MODULE_BYTES, settleNaNs } from "./random_module/memory.ts";

/** What a random module leaves in a memory of one page. */
export interface Comparison {
  readonly wasm: Uint8Array;
  readonly native: Uint8Array;
  /** Whether it wrote anything. */
  readonly changed: boolean;
}

/** Memory for native code, allocated once: that takes longer than a module runs. */
let guarded: WebAssembly.Memory | undefined;

/** Runs the random module of a seed as WebAssembly and as native code. */
export function compareRandomModule(seed: number, level: NativeLevel): Comparison {
  const bytes = randomModule(new RandomStream({ seed, stream: 0 }));
  const before = new Uint8Array(RANDOM_MODULE_BYTES);
  fillMemory(before, new RandomStream({ seed, stream: 1 }));

  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const wasm = new Uint8Array(memory.buffer);
  wasm.set(before);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  (instance.exports.run as (thread: number) => void)(3);
  const changed = before.some((byte, i) => byte !== wasm[i]);

  guarded ??= guardedMemory(1, false);
  const native = new Uint8Array(guarded.buffer);
  native.set(before);
  const { code, entries } = translateModule(bytes, level);
  using pages = new CodePages(code);
  pages.functionAt(entries.get("run")!, { parameters: ["usize", "u32"], result: "u32" })
    .call(startOf(guarded), 3);
  settleNaNs(wasm);
  settleNaNs(native);
  return { wasm, native, changed };
}
