/**
 * Vector instructions, named as in WebAssembly's text format: `f32x4.add`, `v128.load`; those that
 * kernels use. Every vector has type v128; the namespace says how its 16 bytes are read.
 * Comparisons give all ones or all zeros in each lane, a mask for `v128.bitselect`.
 */

import type { ByteWriter } from "./encoding.ts";
import {
  binary,
  Expression,
  load,
  type Operand,
  simd,
  store,
  unary,
  type ValueType,
  writeMemoryArgument,
  writeOperand,
} from "./expression.ts";

export type Vector = Expression<"v128">;

const vectorUnary = (opcode: number) => unary("v128", "v128", simd(opcode));
const vectorBinary = (opcode: number) => binary("v128", "v128", simd(opcode));
const vectorLoad = (opcode: number, bytes: number) => load("v128", simd(opcode), bytes);
const splat = <T extends ValueType>(type: T, opcode: number) => unary(type, "v128", simd(opcode));

/** A shift of every lane by the same number of bits. */
function shift(opcode: number): (a: Vector, bits: Operand<"i32">) => Vector {
  return (a, bits) =>
    new Expression("v128", (code) => {
      a.write(code);
      writeOperand(code, "i32", bits);
      code.append(simd(opcode));
    });
}

function ternary(opcode: number): (a: Vector, b: Vector, c: Vector) => Vector {
  return (a, b, c) =>
    new Expression("v128", (code) => {
      a.write(code);
      b.write(code);
      c.write(code);
      code.append(simd(opcode));
    });
}

function checkLane(lane: number, lanes = 4): number {
  if (Number.isInteger(lane) && lane >= 0 && lane < lanes) return lane;
  throw new RangeError(`a lane must be an integer from 0 to ${lanes - 1}, found ${lane}`);
}

function extractLane<T extends ValueType>(type: T, opcode: number) {
  return (vector: Vector, lane: number): Expression<T> =>
    new Expression(type, (code) => {
      vector.write(code);
      code.append(simd(opcode));
      code.byte(checkLane(lane));
    });
}

/** A constant of the four lanes given; a single number fills every lane. */
function constant(writeLane: (writer: ByteWriter, value: number) => void) {
  return (...values: number[]): Vector => {
    if (values.length !== 1 && values.length !== 4) {
      throw new RangeError(`a constant takes 1 or 4 lanes, found ${values.length}`);
    }
    return new Expression("v128", (code) => {
      code.append(simd(12));
      for (let lane = 0; lane < 4; lane++) writeLane(code, values[lane % values.length]);
    });
  };
}

/** Picks the lanes of a vector from those of `a` followed by those of `b`. */
function shuffle(lanes: number) {
  return (a: Vector, b: Vector, picks: readonly number[]): Vector => {
    if (picks.length !== lanes) {
      throw new RangeError(`a shuffle picks ${lanes} lanes, found ${picks.length}`);
    }
    const bytes = 16 / lanes;
    return new Expression("v128", (code) => {
      a.write(code);
      b.write(code);
      code.append(simd(13));
      for (const pick of picks) {
        checkLane(pick, 2 * lanes);
        for (let byte = 0; byte < bytes; byte++) code.byte(bytes * pick + byte);
      }
    });
  };
}

/** Loads one lane of a vector (the others are kept) or stores one lane. */
function lanedAccess<R extends "v128" | "void">(result: R, opcode: number, bytes: number) {
  return (address: Operand<"i32">, vector: Vector, lane: number, offset = 0): Expression<R> =>
    new Expression(result, (code) => {
      writeOperand(code, "i32", address);
      vector.write(code);
      code.append(simd(opcode));
      writeMemoryArgument(code, bytes, offset);
      code.byte(checkLane(lane, 16 / bytes));
    });
}

/** Vectors as 128 bits. */
export const v128 = {
  load: vectorLoad(0, 16),
  /** Eight bytes as 16-bit integers. */
  load8x8U: vectorLoad(2, 8),
  store: store("v128", simd(11), 16),
  load32Splat: vectorLoad(9, 4),
  load32Zero: vectorLoad(92, 4),
  load64Zero: vectorLoad(93, 8),
  load32Lane: lanedAccess("v128", 86, 4),
  store32Lane: lanedAccess("void", 90, 4),
  store64Lane: lanedAccess("void", 91, 8),
  and: vectorBinary(78),
  /** `a & ~b`. */
  andnot: vectorBinary(79),
  or: vectorBinary(80),
  xor: vectorBinary(81),
  /** `(a & mask) | (b & ~mask)`, in the order `bitselect(a, b, mask)`. */
  bitselect: ternary(82),
  anyTrue: unary("v128", "i32", simd(83)),
};

/** Vectors of sixteen bytes. */
export const i8x16 = {
  shuffle: shuffle(16),
  eq: vectorBinary(35),
  /** The lanes of two vectors of eight 16-bit integers, as the nearest bytes from -128 on. */
  narrowI16x8S: vectorBinary(101),
  /** The same, as the nearest bytes from 0 on. */
  narrowI16x8U: vectorBinary(102),
};

/** Vectors of eight 16-bit integers. */
export const i16x8 = {
  splat: splat("i32", 16),
  shuffle: shuffle(8),
  /** The lanes of two vectors of four 32-bit integers, as the nearest 16-bit integers. */
  narrowI32x4S: vectorBinary(133),
  extendLowI8x16U: vectorUnary(137),
  shl: shift(139),
  shrU: shift(141),
  add: vectorBinary(142),
  sub: vectorBinary(145),
  mul: vectorBinary(149),
};

/** Vectors of four 32-bit integers. */
export const i32x4 = {
  extractLane: extractLane("i32", 27),
  constant: constant((writer, value) => {
    for (let byte = 0; byte < 4; byte++) writer.byte((value >> (8 * byte)) & 0xff);
  }),
  splat: splat("i32", 17),
  ltU: vectorBinary(58),
  extendLowI16x8U: vectorUnary(169),
  extendHighI16x8U: vectorUnary(170),
  shl: shift(171),
  shrS: shift(172),
  shrU: shift(173),
  add: vectorBinary(174),
  sub: vectorBinary(177),
  mul: vectorBinary(181),
  /** Sums of the products of two neighbouring 16-bit integers each. */
  dotI16x8S: vectorBinary(186),
  truncSatF32x4S: vectorUnary(248),
};

/** Vectors of four 32-bit floats. */
export const f32x4 = {
  extractLane: extractLane("f32", 31),
  constant: constant((writer, value) => writer.float32(value)),
  splat: splat("f32", 19),
  shuffle: shuffle(4),
  ne: vectorBinary(66),
  gt: vectorBinary(68),
  /** Rounds to the nearest integer, ties to even. */
  nearest: vectorUnary(106),
  abs: vectorUnary(224),
  neg: vectorUnary(225),
  sqrt: vectorUnary(227),
  add: vectorBinary(228),
  sub: vectorBinary(229),
  mul: vectorBinary(230),
  div: vectorBinary(231),
  /** The smaller; NaN if either is NaN. */
  min: vectorBinary(232),
  /** The larger; NaN if either is NaN. */
  max: vectorBinary(233),
  /** `a < b ? b : a`: one machine instruction, but keeps `a` where either is NaN. */
  pmax: vectorBinary(235),
  convertI32x4S: vectorUnary(250),
  /** `a * b + c`, rounded once where the machine can (relaxed SIMD). */
  relaxedMadd: ternary(0x105),
  /** `c - a * b`, rounded once where the machine can (relaxed SIMD). */
  relaxedNmadd: ternary(0x106),
};

/** Vectors of two 64-bit floats. */
export const f64x2 = {
  add: vectorBinary(240),
  promoteLowF32x4: vectorUnary(95),
};
