/** Small WebAssembly modules that process pixels. */
import { ModuleBuilder } from "../assembler/mod.ts";

/** Bytes per page of memory. */
const PAGE = 1 << 16;

/** A module with its own memory, which grows, and is released with the machine. */
export class Machine<Functions> {
  /** The module's exports. */
  readonly functions: Functions;
  readonly #memory = new WebAssembly.Memory({ initial: 1, maximum: 1 << 16 });

  /** @param module from {@link compiled}, with functions of these types */
  constructor(module: WebAssembly.Module) {
    const { exports } = new WebAssembly.Instance(module, { env: { memory: this.#memory } });
    this.functions = exports as Functions;
  }

  /** The memory, at least this large; valid until the next call. Throws RangeError if there is no more. */
  bytes(length = 0): Uint8Array<ArrayBuffer> {
    const missing = length - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / PAGE));
    return new Uint8Array(this.#memory.buffer as ArrayBuffer);
  }
}

/** A module with the functions that `add` emits. */
export function compiled(add: (builder: ModuleBuilder) => void): WebAssembly.Module {
  const builder = new ModuleBuilder({ shared: false });
  add(builder);
  return new WebAssembly.Module(builder.build());
}
