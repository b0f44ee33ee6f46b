/** Code for pixels: small WebAssembly modules that are made here. */
import { ModuleBuilder } from "../assembler/mod.ts";

/** Bytes of a page of memory. */
const PAGE = 1 << 16;

/** Code with a memory of its own, which grows, and is given back with the machine. */
export class Machine<Functions> {
  /** What the module exports. */
  readonly functions: Functions;
  readonly #memory = new WebAssembly.Memory({ initial: 1, maximum: 1 << 16 });

  /** @param module as {@link compiled} makes it, with functions of these types */
  constructor(module: WebAssembly.Module) {
    const { exports } = new WebAssembly.Instance(module, { env: { memory: this.#memory } });
    this.functions = exports as Functions;
  }

  /** The memory, so large at least; valid until more is asked for. Throws RangeError where there is no more. */
  bytes(length = 0): Uint8Array<ArrayBuffer> {
    const missing = length - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / PAGE));
    return new Uint8Array(this.#memory.buffer as ArrayBuffer);
  }
}

/** A module with the functions that `add` writes. */
export function compiled(add: (builder: ModuleBuilder) => void): WebAssembly.Module {
  const builder = new ModuleBuilder({ shared: false });
  add(builder);
  return new WebAssembly.Module(builder.build());
}
