/** Runs a module: a memory, the programs in one of their forms, and threads. */
import type { FormName } from "./forms.ts";
import { emptyMemory } from "./native/memory.ts";
import { loadNative } from "./native/programs.ts";
import { ThreadPool, type ThreadPoolOptions } from "./threads.ts";

/** Parts of a machine; the memory must suit the form. */
export interface MachineOptions extends Omit<ThreadPoolOptions, "code"> {
  readonly form: FormName;
}

/** A running machine; its memory is large, so drop the reference after disposal. */
export class Machine {
  private constructor(
    readonly memory: WebAssembly.Memory,
    readonly pool: ThreadPool,
    /** Machine code, which must stay mapped as long as the pool may call it. */
    private readonly code?: Disposable,
  ) {}

  /**
   * Loads a module and starts the threads.
   *
   * @throws {RunError} if the system does not allow machine code to run.
   */
  static async start(
    module: Uint8Array<ArrayBuffer>,
    { memory, form, ...options }: MachineOptions,
  ): Promise<Machine> {
    if (form === "wasm") {
      const code = { module: await WebAssembly.compile(module) };
      return new Machine(memory, await ThreadPool.start({ code, memory, ...options }));
    }
    const native = loadNative(module, memory, form);
    try {
      const code = { native: native.programs };
      return new Machine(memory, await ThreadPool.start({ code, memory, ...options }), native);
    } catch (error) {
      native[Symbol.dispose]();
      throw error;
    }
  }

  /** Ends the threads and frees the code and the memory's contents. Unusable afterwards. */
  dispose(): void {
    this.pool.dispose();
    if (!this.code) return;
    this.code[Symbol.dispose]();
    emptyMemory(this.memory);
  }
}
