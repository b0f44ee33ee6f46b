/** Machine code in separate memory, for as long as it may be called. */
import { mapCode, unmapCode } from "./linux.ts";

/** Code that can be called until it is disposed of. */
export class CodePages {
  readonly #address: bigint;
  readonly #bytes: number;
  #disposed = false;

  /** @throws {RunError} if the system refuses */
  constructor(code: Uint8Array<ArrayBuffer>) {
    this.#address = mapCode(code);
    this.#bytes = code.length;
  }

  /** The address of the code's byte at an offset. */
  address(offset = 0): bigint {
    if (this.#disposed) throw new Error("the code has been disposed of");
    return this.#address + BigInt(offset);
  }

  /** The function that begins at an offset; it may not be called once the code is disposed of. */
  functionAt<const T extends Deno.ForeignFunction>(
    offset: number,
    type: T,
  ): Deno.UnsafeFnPointer<T> {
    const pointer = Deno.UnsafePointer.create<Omit<T, "nonblocking">>(this.address(offset));
    if (pointer === null) throw new Error("there is no function at address 0");
    return new Deno.UnsafeFnPointer(pointer, type);
  }

  /** Unmaps the code; no thread may execute or call it any more. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    unmapCode(this.#address, this.#bytes);
  }

  /** {@link dispose}, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
