/**
 * Checks that bytes are a structure in Thrift's compact protocol, before a library parses them that trusts
 * their lengths (apache/thrift, doc/specs/thrift-compact-protocol.md).
 */
import { InputError } from "../../errors.ts";

/** Most levels of nested structures. */
const MAX_DEPTH = 32;
/** Bytes of a 64-bit number. */
const MAX_VARINT_BYTES = 10;

const TYPE = { yes: 1, no: 2, byte: 3, i64: 6, double: 7, binary: 8, list: 9, struct: 12 };

/**
 * The end of the structure that begins at `at`; undefined if it continues beyond the bytes. Throws
 * InputError, which names no file, for one that Parquet cannot contain.
 */
export function thriftEnd(bytes: Uint8Array, at = 0): number | undefined {
  const walker = new Walker(bytes, at);
  walker.struct(0);
  return walker.at <= bytes.length ? walker.at : undefined;
}

/** Skips values; bytes beyond the end read as zeros. */
class Walker {
  constructor(private readonly bytes: Uint8Array, public at: number) {}

  struct(depth: number): void {
    if (depth > MAX_DEPTH) throw damaged();
    for (let header = this.#byte(); header !== 0; header = this.#byte()) {
      if (header >> 4 === 0) this.#varint();
      this.#value(header & 15, depth);
    }
  }

  #value(type: number, depth: number): void {
    if (type === TYPE.yes || type === TYPE.no) return;
    if (type === TYPE.byte) this.at++;
    else if (type > TYPE.byte && type <= TYPE.i64) this.#varint();
    else if (type === TYPE.double) this.at += 8;
    else if (type === TYPE.binary) this.#skip(this.#varint());
    else if (type === TYPE.list) this.#list(depth);
    else if (type === TYPE.struct) this.struct(depth + 1);
    else throw damaged();
  }

  #list(depth: number): void {
    const header = this.#byte();
    const [type, short] = [header & 15, header >> 4];
    const count = short === 15 ? this.#varint() : short;
    const isBoolean = type === TYPE.yes || type === TYPE.no;
    for (let i = 0; i < count && this.at < this.bytes.length; i++) {
      this.#value(isBoolean ? TYPE.byte : type, depth + 1);
    }
    // Each takes at least one byte.
    if (count > this.bytes.length && this.at >= this.bytes.length) this.at = Infinity;
  }

  #skip(count: number): void {
    this.at += count;
  }

  #varint(): number {
    let value = 0;
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      const byte = this.#byte();
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    throw damaged();
  }

  #byte(): number {
    return this.bytes[this.at++] ?? 0;
  }
}

function damaged(): InputError {
  return new InputError("it is damaged: its metadata; get a new copy");
}
