/**
 * Writes x86-64 machine code: instructions with their prefixes and operands, jumps, calls, constants.
 * See the Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2: REX prefixes in 2.2,
 * VEX in 2.3, EVEX in 2.7.
 */

import { ConstantPool } from "./constants.ts";
import type { VectorOpcode } from "./opcodes.ts";
import type { Place, RegisterOrPlace } from "./operands.ts";

/** Conditions of jumps and similar instructions, as in their opcodes; the last bit inverts one. */
export const CONDITION = {
  below: 2,
  aboveOrEqual: 3,
  equal: 4,
  notEqual: 5,
  belowOrEqual: 6,
  above: 7,
  parity: 10,
  less: 12,
  greaterOrEqual: 13,
  lessOrEqual: 14,
  greater: 15,
} as const;

/** Vectors of 128 bits in a register. */
export type Vectors = 1 | 2 | 4;

/** Options that only EVEX has, and an immediate. */
export interface VectorOptions {
  /** Register k1 to k7 whose bits say which lanes are written. */
  readonly mask?: number;
  /** Whether other lanes become zero. Default: they are preserved. */
  readonly zeroing?: boolean;
  /** Whether the operand in memory is one float for all lanes. */
  readonly broadcast?: boolean;
  /** A byte after the operands. */
  readonly immediate?: number;
}

/** A place in the code that jumps lead to. */
export class Label {
  /** Its offset; -1 until it is known. */
  offset = -1;
  /** Offsets of distances to it that must still be written. */
  readonly references: number[] = [];
}

/** Machine code under construction. */
export class Encoder {
  #bytes = new Uint8Array(1 << 16);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  readonly #constants = new ConstantPool();
  readonly #references: { readonly at: number; readonly constant: number }[] = [];

  /** Bytes written. */
  get length(): number {
    return this.#length;
  }

  append(...bytes: readonly number[]): void {
    this.#reserve(bytes.length);
    for (const byte of bytes) this.#bytes[this.#length++] = byte;
  }

  append32(value: number): void {
    this.#reserve(4);
    this.#view.setInt32(this.#length, value, true);
    this.#length += 4;
  }

  /** Appends a number of 64 bits. */
  append64(value: bigint): void {
    this.#reserve(8);
    this.#view.setBigInt64(this.#length, value, true);
    this.#length += 8;
  }

  /** Pads to a multiple of `bytes` with NOPs. */
  align(bytes: number): void {
    for (let left = -this.#length & (bytes - 1); left > 0;) {
      const count = Math.min(left, NOTHING.length);
      this.append(...NOTHING[count - 1]);
      left -= count;
    }
  }

  /** Defines a label here. */
  place(label: Label): void {
    label.offset = this.#length;
    for (const at of label.references) this.#patch(at, label.offset - (at + 4));
  }

  jump(label: Label): void {
    this.append(0xe9);
    this.#distanceTo(label);
  }

  /** Jumps where a condition of {@link CONDITION} holds. */
  jumpIf(condition: number, label: Label): void {
    this.append(0x0f, 0x80 | condition);
    this.#distanceTo(label);
  }

  call(label: Label): void {
    this.append(0xe8);
    this.#distanceTo(label);
  }

  push(register: number): void {
    if (register > 7) this.append(0x41);
    this.append(0x50 | (register & 7));
  }

  pop(register: number): void {
    if (register > 7) this.append(0x41);
    this.append(0x58 | (register & 7));
  }

  /** Adds a constant of 4 to 64 bytes, a power of two; returns its operand. */
  constant(bytes: Uint8Array): Place {
    return { constant: this.#constants.add(bytes) };
  }

  /**
   * An instruction on general registers.
   *
   * @param opcode Its bytes.
   * @param register The register operand, or the number that extends the opcode.
   * @param options.wide Whether it works on 64 bits. Default 32.
   * @param options.prefix A byte before it, such as LOCK.
   * @param options.byteRegister Whether the register operand has 8 bits.
   * @param options.immediateBytes Bytes that will be appended after it.
   */
  integer(
    opcode: readonly number[],
    register: number,
    operand: RegisterOrPlace,
    { wide = false, prefix, byteRegister = false, immediateBytes = 0 }: {
      readonly wide?: boolean;
      readonly prefix?: number;
      readonly byteRegister?: boolean;
      readonly immediateBytes?: number;
    } = {},
  ): void {
    if (prefix !== undefined) this.append(prefix);
    const { x, b } = extensions(operand);
    const rex = (wide ? 8 : 0) | (register >> 3 << 2) | (x << 1) | (b & 1);
    const lowByte = byteRegister && (register > 3 || typeof operand === "number" && operand > 3);
    if (rex !== 0 || lowByte) this.append(0x40 | rex);
    this.append(...opcode);
    this.#operands(register, operand, immediateBytes, 1);
  }

  /**
   * An instruction on vector registers, with VEX if possible, else EVEX.
   *
   * @param register The destination, or what is stored, or the number that extends the opcode.
   * @param second The register that VEX calls vvvv; 0 if there is none.
   * @param operand The last source, or the place that is stored to.
   */
  vector(
    instruction: VectorOpcode,
    vectors: Vectors,
    register: number,
    second: number,
    operand: RegisterOrPlace,
    options: VectorOptions = {},
  ): void {
    const { map, prefix, w, opcode, vexW = 0, only, bytes = 16 * vectors } = instruction;
    const { mask = 0, zeroing = false, broadcast = false, immediate } = options;
    const { x, b } = extensions(operand);
    const high = register > 15 || second > 15 || typeof operand === "number" && operand > 15;
    const evex = only === "evex" || vectors === 4 || high || mask !== 0 || broadcast;
    if (evex && only === "vex") throw new Error(`opcode ${opcode} has no EVEX form`);
    const r = register >> 3 & 1;
    if (evex) {
      // X extends a register operand to 32, an index to 16.
      const xBit = typeof operand === "number" ? operand >> 4 : x;
      this.append(
        0x62,
        ((~r & 1) << 7) | ((~xBit & 1) << 6) | ((~b & 1) << 5) | ((~(register >> 4) & 1) << 4) |
          map,
        (w << 7) | ((~second & 15) << 3) | 4 | prefix,
        (zeroing ? 0x80 : 0) | (vectors >> 1 << 5) | (broadcast ? 0x10 : 0) |
          ((~(second >> 4) & 1) << 3) | mask,
      );
    } else {
      const last = ((~second & 15) << 3) | ((vectors - 1) << 2) | prefix;
      if (map === 1 && vexW === 0 && x === 0 && (b & 1) === 0) {
        this.append(0xc5, ((~r & 1) << 7) | last);
      } else {
        this.append(
          0xc4,
          ((~r & 1) << 7) | ((~x & 1) << 6) | ((~b & 1) << 5) | map,
          (vexW << 7) | last,
        );
      }
    }
    this.append(opcode);
    const unit = evex ? (broadcast ? 4 : bytes) : 1;
    this.#operands(register, operand, immediate === undefined ? 0 : 1, unit);
    if (immediate !== undefined) this.append(immediate);
  }

  /** The code followed by its constants; nothing may be appended afterwards. */
  finish(): Uint8Array<ArrayBuffer> {
    this.align(64);
    const { bytes, offsets } = this.#constants.lay();
    for (const { at, constant } of this.#references) {
      // Until now this holds the distance to the end of the instruction.
      const end = at + this.#view.getInt32(at, true);
      this.#patch(at, this.#length + offsets[constant] - end);
    }
    const code = new Uint8Array(this.#length + bytes.length);
    code.set(this.#bytes.subarray(0, this.#length));
    code.set(bytes, this.#length);
    return code;
  }

  /**
   * ModRM, SIB and displacement.
   *
   * @param behind Bytes that follow.
   * @param unit The unit of a displacement of one byte.
   */
  #operands(register: number, operand: RegisterOrPlace, behind: number, unit: number): void {
    const field = (register & 7) << 3;
    if (typeof operand === "number") return this.append(0xc0 | field | (operand & 7));
    if ("constant" in operand) {
      this.append(field | 5);
      this.#references.push({ at: this.#length, constant: operand.constant });
      return this.append32(4 + behind);
    }
    const { base, index, displacement } = operand;
    const short = displacement / unit;
    // Without a displacement, base 5 would mean something else.
    const mode = displacement === 0 && (base & 7) !== 5
      ? 0
      : Number.isInteger(short) && short >= -128 && short <= 127
      ? 0x40
      : 0x80;
    if (index !== undefined || (base & 7) === 4) {
      this.append(mode | field | 4, (((index ?? 4) & 7) << 3) | (base & 7));
    } else {
      this.append(mode | field | (base & 7));
    }
    if (mode === 0x40) this.append(short & 0xff);
    if (mode === 0x80) this.append32(displacement);
  }

  #distanceTo(label: Label): void {
    const at = this.#length;
    if (label.offset < 0) label.references.push(at);
    this.append32(label.offset < 0 ? 0 : label.offset - (at + 4));
  }

  #patch(at: number, value: number): void {
    this.#view.setInt32(at, value, true);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * (this.#bytes.length + count));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** The bits with which a prefix extends the numbers of an operand's index and base. */
function extensions(operand: RegisterOrPlace): { readonly x: number; readonly b: number } {
  if (typeof operand === "number") return { x: 0, b: operand >> 3 & 1 };
  if ("constant" in operand) return { x: 0, b: 0 };
  return { x: (operand.index ?? 0) >> 3, b: operand.base >> 3 };
}

/** NOPs of 1 to 8 bytes, as the manual recommends. */
const NOTHING: readonly (readonly number[])[] = [
  [0x90],
  [0x66, 0x90],
  [0x0f, 0x1f, 0x00],
  [0x0f, 0x1f, 0x40, 0x00],
  [0x0f, 0x1f, 0x44, 0x00, 0x00],
  [0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00],
  [0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00],
  [0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
];
