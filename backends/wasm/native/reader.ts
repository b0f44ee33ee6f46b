/** Reads the number encodings of the WebAssembly binary format. */
import type { ValueType } from "../../../assembler/mod.ts";

const VALUE_TYPES: Readonly<Record<number, ValueType>> = {
  0x7f: "i32",
  0x7e: "i64",
  0x7d: "f32",
  0x7c: "f64",
  0x7b: "v128",
};

/** Reads a module's bytes from front to back. */
export class Reader {
  /** Where the next byte is. */
  position = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  byte(): number {
    return this.#view.getUint8(this.position++);
  }

  /** The next bytes, copied. */
  bytes(count: number): Uint8Array {
    this.position += count;
    return this.#bytes.slice(this.position - count, this.position);
  }

  /** Consumes the next byte if it is this one; returns whether it was. */
  take(value: number): boolean {
    const found = this.#view.getUint8(this.position) === value;
    if (found) this.position++;
    return found;
  }

  /** Consumes the byte that must follow. */
  expect(value: number, what: string): void {
    const found = this.byte();
    if (found !== value) throw new Error(`${what} was expected, found byte ${found}`);
  }

  valueType(): ValueType {
    return VALUE_TYPES[this.byte()];
  }

  /** Reads a count, then calls a function that many times. */
  times(read: () => void): void {
    for (let left = this.unsigned(); left > 0; left--) read();
  }

  /** An unsigned number of up to 32 bits, as LEB128. */
  unsigned(): number {
    let result = 0;
    for (let shift = 0;; shift += 7) {
      const byte = this.byte();
      result |= (byte & 0x7f) << shift;
      if (byte < 0x80) return result >>> 0;
    }
  }

  /** A signed number of up to 32 bits. */
  signed(): number {
    let result = 0;
    for (let shift = 0;; shift += 7) {
      const byte = this.byte();
      result |= (byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      const unused = Math.max(0, 25 - shift);
      return (result << unused) >> unused;
    }
  }

  /** A signed number of up to 64 bits. */
  signed64(): bigint {
    let result = 0n;
    for (let shift = 0n;; shift += 7n) {
      const byte = this.byte();
      result |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(Number(shift) + 7, result);
    }
  }

  float32(): number {
    this.position += 4;
    return this.#view.getFloat32(this.position - 4, true);
  }

  float64(): number {
    this.position += 8;
    return this.#view.getFloat64(this.position - 8, true);
  }

  /** The offset of a memory access; its alignment is only a hint. */
  memoryOffset(): number {
    this.unsigned();
    return this.unsigned();
  }
}
