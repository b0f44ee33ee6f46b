/**
 * Scalar instructions, named as in WebAssembly's text format: `i32.add`, `f32.load`. Suffixes `S`
 * and `U` mean signed and unsigned. Addresses are unsigned: compare them with `ltU`, never `ltS`.
 */

import {
  binary,
  type Expression,
  load,
  miscellaneous,
  type Operand,
  store,
  unary,
} from "./expression.ts";

/** A two-operand instruction on values of type `T`. */
type Binary<T extends "i32" | "i64" | "f32" | "f64"> = (
  a: Operand<T>,
  b: Operand<T>,
) => Expression<T>;

/** Integer arithmetic; its opcodes follow one another from that of `clz`. */
function integerArithmetic<T extends "i32" | "i64">(type: T, clz: number) {
  const operation = (index: number): Binary<T> => binary(type, type, [clz + index]);
  return {
    clz: unary(type, type, [clz]),
    ctz: unary(type, type, [clz + 1]),
    popcnt: unary(type, type, [clz + 2]),
    add: operation(3),
    sub: operation(4),
    mul: operation(5),
    divS: operation(6),
    divU: operation(7),
    remS: operation(8),
    remU: operation(9),
    and: operation(10),
    or: operation(11),
    xor: operation(12),
    shl: operation(13),
    shrS: operation(14),
    shrU: operation(15),
    rotl: operation(16),
    rotr: operation(17),
  };
}

/** Integer comparisons; their opcodes follow one another from that of `eqz`. */
function integerComparisons<T extends "i32" | "i64">(type: T, eqz: number) {
  const comparison = (index: number) => binary(type, "i32", [eqz + index]);
  return {
    eqz: unary(type, "i32", [eqz]),
    eq: comparison(1),
    ne: comparison(2),
    ltS: comparison(3),
    ltU: comparison(4),
    gtS: comparison(5),
    gtU: comparison(6),
    leS: comparison(7),
    leU: comparison(8),
    geS: comparison(9),
    geU: comparison(10),
  };
}

/** Float arithmetic and comparisons; each group's opcodes follow one another. */
function floatOperations<T extends "f32" | "f64">(type: T, abs: number, eq: number) {
  const function_ = (index: number) => unary(type, type, [abs + index]);
  const operation = (index: number): Binary<T> => binary(type, type, [abs + index]);
  const comparison = (index: number) => binary(type, "i32", [eq + index]);
  return {
    abs: function_(0),
    neg: function_(1),
    ceil: function_(2),
    floor: function_(3),
    trunc: function_(4),
    /** Rounds to the nearest integer, ties to even. */
    nearest: function_(5),
    sqrt: function_(6),
    add: operation(7),
    sub: operation(8),
    mul: operation(9),
    div: operation(10),
    /** The smaller; NaN if either is NaN. */
    min: operation(11),
    /** The larger; NaN if either is NaN. */
    max: operation(12),
    copysign: operation(13),
    eq: comparison(0),
    ne: comparison(1),
    lt: comparison(2),
    gt: comparison(3),
    le: comparison(4),
    ge: comparison(5),
  };
}

/** 32-bit integers; also addresses and truth values. */
export const i32 = {
  ...integerArithmetic("i32", 0x67),
  ...integerComparisons("i32", 0x45),
  load: load("i32", [0x28], 4),
  load8S: load("i32", [0x2c], 1),
  load8U: load("i32", [0x2d], 1),
  load16S: load("i32", [0x2e], 2),
  load16U: load("i32", [0x2f], 2),
  store: store("i32", [0x36], 4),
  store8: store("i32", [0x3a], 1),
  store16: store("i32", [0x3b], 2),
  wrapI64: unary("i64", "i32", [0xa7]),
  truncSatF32S: unary("f32", "i32", miscellaneous(0)),
  truncSatF32U: unary("f32", "i32", miscellaneous(1)),
  truncSatF64S: unary("f64", "i32", miscellaneous(2)),
  truncSatF64U: unary("f64", "i32", miscellaneous(3)),
  reinterpretF32: unary("f32", "i32", [0xbc]),
};

/** 64-bit integers. */
export const i64 = {
  ...integerArithmetic("i64", 0x79),
  ...integerComparisons("i64", 0x50),
  load: load("i64", [0x29], 8),
  store: store("i64", [0x37], 8),
  extendI32S: unary("i32", "i64", [0xac]),
  extendI32U: unary("i32", "i64", [0xad]),
  reinterpretF64: unary("f64", "i64", [0xbd]),
};

/** 32-bit floats. */
export const f32 = {
  ...floatOperations("f32", 0x8b, 0x5b),
  load: load("f32", [0x2a], 4),
  store: store("f32", [0x38], 4),
  convertI32S: unary("i32", "f32", [0xb2]),
  convertI32U: unary("i32", "f32", [0xb3]),
  demoteF64: unary("f64", "f32", [0xb6]),
  reinterpretI32: unary("i32", "f32", [0xbe]),
};

/** 64-bit floats. */
export const f64 = {
  ...floatOperations("f64", 0x99, 0x61),
  load: load("f64", [0x2b], 8),
  store: store("f64", [0x39], 8),
  convertI32S: unary("i32", "f64", [0xb7]),
  convertI32U: unary("i32", "f64", [0xb8]),
  promoteF32: unary("f32", "f64", [0xbb]),
  reinterpretI64: unary("i64", "f64", [0xbf]),
};
