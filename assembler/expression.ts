/**
 * Typed pieces of WebAssembly code.
 *
 * An {@link Expression} is code, not a value: it is written out, and so evaluated, wherever it is
 * used. Using one twice computes it twice; put it in a local to compute it once. Its type parameter
 * is the type of the value it leaves, so adding an i32 to a v128 does not compile.
 */

import { ByteWriter } from "./encoding.ts";

/** The types a WebAssembly value may have. */
export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

/** What a function returns: one value, or `"void"` for none. */
export type ResultType = ValueType | "void";

/** A function's parameters: their types by name, in order. */
export type ParameterTypes = Readonly<Record<string, ValueType>>;

/** Something that can be called: a function of the module, or an imported one. */
export interface Callable<P extends ParameterTypes, R extends ResultType> {
  /** The name it is exported or imported by. */
  readonly name: string;
  readonly parameterTypes: P;
  readonly resultType: R;
}

/** Any function, its signature unknown. */
export type AnyCallable = Callable<ParameterTypes, ResultType>;

/** The instructions of one function, and the calls in it whose index is not known yet. */
export class CodeWriter extends ByteWriter {
  /** Places of function indices to be filled when the module is built. */
  readonly calls: { readonly place: number; readonly callee: AnyCallable }[] = [];

  /** Appends a call instruction. */
  call(callee: AnyCallable): void {
    this.byte(0x10);
    this.calls.push({ place: this.reserveIndex(), callee });
  }
}

/** Code that leaves one value of type `T`, or none if `T` is `"void"`. */
export class Expression<T extends ResultType> {
  /**
   * @param type The type of the value the code leaves.
   * @param write Writes the code.
   */
  constructor(readonly type: T, readonly write: (code: CodeWriter) => void) {}
}

/** Code that leaves no value, such as a store. */
export type Statement = Expression<"void">;

/** A local variable or parameter of a function; as an expression, its value. */
export class Local<T extends ValueType> extends Expression<T> {
  /**
   * @param type The variable's type.
   * @param index Its index in the function.
   * @param home The code of the function it belongs to.
   */
  constructor(type: T, readonly index: number, readonly home: CodeWriter) {
    super(type, (code) => {
      if (code !== home) throw new Error("a local was used outside the function it belongs to");
      code.byte(0x20);
      code.unsigned(index);
    });
  }
}

/** An expression, or a plain number (bigint for i64) standing for a constant. */
export type Operand<T extends ValueType> =
  | Expression<T>
  | (T extends "i32" | "f32" | "f64" ? number : T extends "i64" ? bigint : never);

/** Values for a function's parameters, by name. */
export type Arguments<P extends ParameterTypes> = { readonly [K in keyof P]: Operand<P[K]> };

/**
 * Writes an operand: an expression's code or a constant.
 *
 * @throws {RangeError} if an i32 constant is not an integer of 32 bits, signed or unsigned.
 */
export function writeOperand<T extends ValueType>(
  code: CodeWriter,
  type: T,
  operand: Operand<T>,
): void {
  if (operand instanceof Expression) return operand.write(code);
  if (type === "i64") {
    code.byte(0x42);
    return code.signed64(BigInt(operand));
  }
  const value = Number(operand);
  if (type === "i32") {
    if (!Number.isInteger(value) || value < -(2 ** 31) || value >= 2 ** 32) {
      throw new RangeError(`an i32 constant must be an integer of 32 bits, found ${value}`);
    }
    code.byte(0x41);
    code.signed(value);
  } else if (type === "f32") {
    code.byte(0x43);
    code.float32(value);
  } else {
    code.byte(0x44);
    code.float64(value);
  }
}

/** Opcode bytes of a SIMD instruction. */
export const simd = (opcode: number): readonly number[] => prefixed(0xfd, opcode);

/** Opcode bytes of an instruction for threads. */
export const threads = (opcode: number): readonly number[] => prefixed(0xfe, opcode);

/** Opcode bytes of a saturating conversion or bulk memory instruction. */
export const miscellaneous = (opcode: number): readonly number[] => prefixed(0xfc, opcode);

/** The opcode as LEB128 behind the prefix; none has more than 14 bits. */
function prefixed(prefix: number, opcode: number): readonly number[] {
  return opcode < 0x80 ? [prefix, opcode] : [prefix, opcode & 0x7f | 0x80, opcode >> 7];
}

/** Makes the constructor of an instruction with one operand. */
export function unary<A extends ValueType, R extends ResultType>(
  operand: A,
  result: R,
  opcode: readonly number[],
): (a: Operand<A>) => Expression<R> {
  return (a) =>
    new Expression(result, (code) => {
      writeOperand(code, operand, a);
      code.append(opcode);
    });
}

/** Makes the constructor of an instruction with two operands of one type. */
export function binary<A extends ValueType, R extends ResultType>(
  operands: A,
  result: R,
  opcode: readonly number[],
): (a: Operand<A>, b: Operand<A>) => Expression<R> {
  return (a, b) =>
    new Expression(result, (code) => {
      writeOperand(code, operands, a);
      writeOperand(code, operands, b);
      code.append(opcode);
    });
}

/**
 * Writes the alignment and constant offset of a memory access.
 *
 * @throws {RangeError} if the offset is not an unsigned integer of 32 bits.
 */
export function writeMemoryArgument(code: CodeWriter, bytes: number, offset: number): void {
  if (!Number.isInteger(offset) || offset < 0 || offset >= 2 ** 32) {
    throw new RangeError(`a memory offset must be an integer from 0 to 2^32 - 1, found ${offset}`);
  }
  code.unsigned(Math.log2(bytes));
  code.unsigned(offset);
}

/** A load of `bytes` bytes at address + constant offset (in bytes, default 0). */
type Load<T extends ValueType> = (address: Operand<"i32">, offset?: number) => Expression<T>;

/** A store at address + constant offset (in bytes, default 0). */
type Store<T extends ValueType> = (
  address: Operand<"i32">,
  value: Operand<T>,
  offset?: number,
) => Statement;

/** Makes the constructor of a load instruction. */
export function load<T extends ValueType>(
  type: T,
  opcode: readonly number[],
  bytes: number,
): Load<T> {
  return (address, offset = 0) =>
    new Expression(type, (code) => {
      writeOperand(code, "i32", address);
      code.append(opcode);
      writeMemoryArgument(code, bytes, offset);
    });
}

/** Makes the constructor of a store instruction. */
export function store<T extends ValueType>(
  type: T,
  opcode: readonly number[],
  bytes: number,
): Store<T> {
  return (address, value, offset = 0) =>
    new Expression("void", (code) => {
      writeOperand(code, "i32", address);
      writeOperand(code, type, value);
      code.append(opcode);
      writeMemoryArgument(code, bytes, offset);
    });
}

/**
 * `condition ? a : b`, without a branch: both are evaluated.
 *
 * @param type The type of the value; numbers are constants of that type.
 */
export function select<T extends ValueType>(
  type: T,
  condition: Operand<"i32">,
  a: Operand<NoInfer<T>>,
  b: Operand<NoInfer<T>>,
): Expression<T> {
  return new Expression(type, (code) => {
    writeOperand(code, type, a);
    writeOperand(code, type, b);
    writeOperand(code, "i32", condition);
    // The untyped form covers numbers and vectors alike.
    code.byte(0x1b);
  });
}

/** Calls a function with values for its parameters, given by name. */
export function call<P extends ParameterTypes, R extends ResultType>(
  callee: Callable<P, R>,
  values: Arguments<P>,
): Expression<R> {
  return new Expression(callee.resultType, (code) => {
    for (const [name, type] of Object.entries(callee.parameterTypes)) {
      const value: Operand<ValueType> | undefined = values[name];
      if (value === undefined) throw new Error(`${callee.name}: no value for parameter ${name}`);
      writeOperand(code, type, value);
    }
    code.call(callee);
  });
}
