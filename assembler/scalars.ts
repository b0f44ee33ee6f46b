/**
 * Scalar instructions, named as in WebAssembly's text format: `i32.add`, `f32.load`; those that
 * kernels use. Suffixes `S` and `U` mean signed and unsigned. Addresses are unsigned: compare them
 * with `ltU`, never `ltS`.
 */

import { binary, load, miscellaneous, store, unary, type ValueType } from "./expression.ts";

/** An instruction with two operands and a result of one type. */
const operation = <T extends ValueType>(type: T, opcode: number) => binary(type, type, [opcode]);

const comparison = <T extends ValueType>(type: T, opcode: number) => binary(type, "i32", [opcode]);

/** 32-bit integers; also addresses and truth values. */
export const i32 = {
  add: operation("i32", 0x6a),
  sub: operation("i32", 0x6b),
  mul: operation("i32", 0x6c),
  divU: operation("i32", 0x6e),
  remU: operation("i32", 0x70),
  and: operation("i32", 0x71),
  or: operation("i32", 0x72),
  shl: operation("i32", 0x74),
  shrS: operation("i32", 0x75),
  shrU: operation("i32", 0x76),
  eqz: unary("i32", "i32", [0x45]),
  eq: comparison("i32", 0x46),
  ltS: comparison("i32", 0x48),
  ltU: comparison("i32", 0x49),
  gtS: comparison("i32", 0x4a),
  gtU: comparison("i32", 0x4b),
  leU: comparison("i32", 0x4d),
  geS: comparison("i32", 0x4e),
  geU: comparison("i32", 0x4f),
  load: load("i32", [0x28], 4),
  load8U: load("i32", [0x2d], 1),
  store: store("i32", [0x36], 4),
  store8: store("i32", [0x3a], 1),
  store16: store("i32", [0x3b], 2),
  wrapI64: unary("i64", "i32", [0xa7]),
  truncSatF64S: unary("f64", "i32", miscellaneous(2)),
};

/** 64-bit integers. */
export const i64 = {
  and: operation("i64", 0x83),
  or: operation("i64", 0x84),
  shl: operation("i64", 0x86),
  shrU: operation("i64", 0x88),
  load: load("i64", [0x29], 8),
  extendI32S: unary("i32", "i64", [0xac]),
  extendI32U: unary("i32", "i64", [0xad]),
  reinterpretF64: unary("f64", "i64", [0xbd]),
};

/** 32-bit floats. */
export const f32 = {
  add: operation("f32", 0x92),
  div: operation("f32", 0x95),
  /** The larger; NaN if either is NaN. */
  max: operation("f32", 0x97),
  load: load("f32", [0x2a], 4),
  store: store("f32", [0x38], 4),
  convertI32S: unary("i32", "f32", [0xb2]),
  demoteF64: unary("f64", "f32", [0xb6]),
};

/** 64-bit floats. */
export const f64 = {
  neg: unary("f64", "f64", [0x9a]),
  /** Rounds to the nearest integer, ties to even. */
  nearest: unary("f64", "f64", [0x9e]),
  sqrt: unary("f64", "f64", [0x9f]),
  add: operation("f64", 0xa0),
  sub: operation("f64", 0xa1),
  mul: operation("f64", 0xa2),
  div: operation("f64", 0xa3),
  /** The larger; NaN if either is NaN. */
  max: operation("f64", 0xa5),
  lt: comparison("f64", 0x63),
  gt: comparison("f64", 0x64),
  le: comparison("f64", 0x65),
  load: load("f64", [0x2b], 8),
  store: store("f64", [0x39], 8),
  convertI32S: unary("i32", "f64", [0xb7]),
  promoteF32: unary("f32", "f64", [0xbb]),
  reinterpretI64: unary("i64", "f64", [0xbf]),
};
