/** Instructions for expressions of integers, and for conditions. */
import { type FunctionCode, writeConstant } from "./function_code.ts";
import type { Address, VirtualRegister } from "./instructions.ts";
import type { Node } from "./tree.ts";
import { CONDITION, type Encoder, Label } from "./x86/encoder.ts";
import { V } from "./x86/opcodes.ts";
import { GENERAL, type RegisterOrPlace } from "./x86/operands.ts";

/** Comparisons of integers and the conditions that hold after `cmp`. */
const COMPARISONS: Readonly<Record<string, number>> = {
  "i32.eq": CONDITION.equal,
  "i32.ne": CONDITION.notEqual,
  "i32.lt_s": CONDITION.less,
  "i32.lt_u": CONDITION.below,
  "i32.gt_s": CONDITION.greater,
  "i32.gt_u": CONDITION.above,
  "i32.le_s": CONDITION.lessOrEqual,
  "i32.le_u": CONDITION.belowOrEqual,
  "i32.ge_s": CONDITION.greaterOrEqual,
  "i32.ge_u": CONDITION.aboveOrEqual,
};

/** Comparisons of floats: the condition after `ucomisd`, and whether the operands are exchanged. */
const FLOAT_COMPARISONS: Readonly<Record<string, { condition: number; exchanged: boolean }>> = {
  "f64.lt": { condition: CONDITION.above, exchanged: true },
  "f64.gt": { condition: CONDITION.above, exchanged: false },
  "f64.le": { condition: CONDITION.aboveOrEqual, exchanged: true },
  "f64.ge": { condition: CONDITION.aboveOrEqual, exchanged: false },
};

/** Opcode for `register, operand`, and the number that extends 81 for an immediate. */
const ARITHMETIC: Readonly<Record<string, { opcode: number; extension: number }>> = {
  add: { opcode: 0x03, extension: 0 },
  or: { opcode: 0x0b, extension: 1 },
  and: { opcode: 0x23, extension: 4 },
  sub: { opcode: 0x2b, extension: 5 },
  xor: { opcode: 0x33, extension: 6 },
};

/** Numbers that extend C1 and D3. */
const SHIFTS: Readonly<Record<string, number>> = { shl: 4, shr_u: 5, shr_s: 7 };

/** Prefix of an atomic instruction. */
const LOCK = 0xf0;

/** Computes an expression of type i32 or i64. */
export function selectGeneral(code: FunctionCode, expression: Node, into: VirtualRegister): void {
  const { op, operands: [first, second], offset, value, index } = expression;
  const wide = expression.type === "i64";
  if (isCondition(expression)) {
    const condition = compare(code, expression);
    return code.addResult(into, (to, { encoder }) => {
      encoder.integer([0x0f, 0x90 | condition], 0, to, { byteRegister: true });
      encoder.integer([0x0f, 0xb6], to, to, { byteRegister: true });
    });
  }
  const name = op.slice(op.indexOf(".") + 1);
  if (name in ARITHMETIC || name === "mul") return selectArithmetic(code, expression, into);
  if (name in SHIFTS) return selectShift(code, expression, into);
  switch (op) {
    case "i32.const":
      return code.addResult(into, (to, { encoder }) => writeConstant(encoder, to, Number(value)));
    case "i64.const":
      return code.addResult(into, (to, { encoder }) => {
        encoder.append(0x48 | to >> 3, 0xb8 | (to & 7));
        encoder.append64(BigInt(value));
      });
    case "local.get":
      return code.addMove(into, code.value(expression));
    case "i32.load":
    case "i32.atomic.load": {
      const address = code.address(first, offset);
      return code.addResult(into, (to, output) => {
        output.encoder.integer([0x8b], to, output.place(address));
      }, { reads: registersOf(address) });
    }
    case "i32.div_u":
    case "i32.rem_u":
      return selectDivision(code, expression, into);
    case "i32.wrap_i64":
      return convert([0x8b], false);
    case "i64.extend_i32_s":
      return convert([0x63], true);
    case "i64.reinterpret_f64":
    case "i32x4.extract_lane": {
      const from = code.value(first);
      return code.addResult(into, (to, output) => {
        const { encoder } = output;
        if (wide) encoder.vector(V.movqStore, 1, output.vector(from), 0, to);
        else encoder.vector(V.pextrd, 1, output.vector(from), 0, to, { immediate: index });
      }, { reads: [from] });
    }
    case "i32.trunc_sat_f64_s":
      return selectTruncation(code, first, into);
    case "i32.atomic.rmw.add": {
      const address = code.address(first, offset), added = code.value(second);
      return code.addResult(into, (to, output) => {
        output.moveGeneral(to, output.general(added, 1));
        output.encoder.integer([0x0f, 0xc1], to, output.place(address), { prefix: LOCK });
      }, { reads: [added], readsLate: registersOf(address) });
    }
    case "select": {
      const [a, b] = [code.value(first), code.value(second)];
      const condition = compare(code, expression.operands[2]);
      return code.addResult(into, (to, output) => {
        output.moveGeneral(to, output.general(b, 1));
        output.encoder.integer([0x0f, 0x40 | condition], to, output.operand(a), { wide: true });
      }, { reads: [b], readsLate: [a] });
    }
  }
  throw new Error(`no instructions for ${op}`);

  function convert(opcode: readonly number[], wide: boolean): void {
    const from = code.value(first);
    code.addResult(into, (to, output) => {
      output.encoder.integer(opcode, to, output.operand(from), { wide });
    }, { reads: [from] });
  }
}

/**
 * Sets the flags by a condition. Nothing may come between it and what reads them.
 *
 * @returns The condition of the processor under which it is not zero.
 */
export function compare(code: FunctionCode, condition: Node): number {
  const { op, operands: [first, second] } = condition;
  if (op === "i32.eqz") return compare(code, first) ^ 1;
  const float = FLOAT_COMPARISONS[op];
  if (float) {
    const [a, b] = [code.value(first), code.value(second)];
    const [left, right] = float.exchanged ? [b, a] : [a, b];
    code.add((output) => {
      output.encoder.vector(V.ucomisd, 1, output.vector(left), 0, output.operand(right));
    }, { reads: [left, right] });
    return float.condition;
  }
  const known = COMPARISONS[op];
  const left = code.value(known === undefined ? condition : first);
  if (known === undefined) {
    const wide = condition.type === "i64";
    code.add((output) => {
      const number = output.general(left);
      output.encoder.integer([0x85], number, number, { wide });
    }, { reads: [left] });
    return CONDITION.notEqual;
  }
  if (second.op === "i32.const") {
    code.add((output) => {
      writeImmediate(output.encoder, 7, output.operand(left), Number(second.value));
    }, { reads: [left] });
  } else {
    const right = code.value(second);
    code.add((output) => {
      output.encoder.integer([0x3b], output.general(left), output.operand(right));
    }, { reads: [left, right] });
  }
  return known;
}

export function registersOf({ index }: Address): VirtualRegister[] {
  return index ? [index] : [];
}

function isCondition({ op }: Node): boolean {
  return op in COMPARISONS || op in FLOAT_COMPARISONS || op === "i32.eqz";
}

function selectArithmetic(code: FunctionCode, expression: Node, into: VirtualRegister): void {
  const { op, operands: [first, second], type } = expression;
  const name = op.slice(4), wide = type === "i64";
  const a = code.value(first);
  if (second.op === "i32.const") {
    const value = Number(second.value);
    return code.addResult(into, (to, output) => {
      const { encoder } = output;
      if (name === "mul") {
        encoder.integer([0x69], to, output.operand(a), { immediateBytes: 4 });
        return encoder.append32(value);
      }
      const from = output.general(a);
      if (name === "add" && from !== to) {
        return encoder.integer([0x8d], to, { base: from, displacement: value });
      }
      output.moveGeneral(to, from);
      writeImmediate(encoder, ARITHMETIC[name].extension, to, value);
    }, { reads: [a] });
  }
  const b = code.value(second);
  const opcode = name === "mul" ? [0x0f, 0xaf] : [ARITHMETIC[name].opcode];
  code.addResult(into, (to, output) => {
    const from = output.general(a), operand = output.operand(b);
    if (name === "add" && from !== to && typeof operand === "number") {
      const sum = { base: from, index: operand, displacement: 0 };
      return output.encoder.integer([0x8d], to, sum, { wide });
    }
    output.moveGeneral(to, from);
    output.encoder.integer(opcode, to, operand, { wide });
  }, { reads: [a], readsLate: [b] });
}

/** Arithmetic on 32 bits with a constant, by the number that extends its opcode. */
function writeImmediate(
  encoder: Encoder,
  extension: number,
  operand: RegisterOrPlace,
  value: number,
): void {
  if (value >= -128 && value <= 127) {
    encoder.integer([0x83], extension, operand, { immediateBytes: 1 });
    encoder.append(value & 0xff);
  } else {
    encoder.integer([0x81], extension, operand, { immediateBytes: 4 });
    encoder.append32(value);
  }
}

function selectShift(code: FunctionCode, expression: Node, into: VirtualRegister): void {
  const { op, operands: [first, second], type } = expression;
  const extension = SHIFTS[op.slice(4)], wide = type === "i64";
  const a = code.value(first);
  if (second.op.endsWith(".const")) {
    const bits = Number(second.value) & (wide ? 63 : 31);
    return code.addResult(into, (to, output) => {
      output.moveGeneral(to, output.general(a));
      output.encoder.integer([0xc1], extension, to, { wide, immediateBytes: 1 });
      output.encoder.append(bits);
    }, { reads: [a] });
  }
  const b = code.value(second);
  code.addResult(into, (to, output) => {
    output.encoder.integer([0x8b], GENERAL.rcx, output.operand(b));
    output.moveGeneral(to, output.general(a));
    output.encoder.integer([0xd3], extension, to, { wide });
  }, { reads: [a, b] });
}

function selectDivision(code: FunctionCode, expression: Node, into: VirtualRegister): void {
  const { op, operands } = expression;
  const [a, b] = operands.map((operand) => code.value(operand));
  code.addResult(into, (to, output) => {
    const { encoder } = output;
    const { rax, rcx, rdx } = GENERAL;
    encoder.integer([0x8b], rcx, output.operand(b));
    encoder.integer([0x8b], rax, output.operand(a));
    encoder.integer([0x33], rdx, rdx);
    encoder.integer([0xf7], 6, rcx);
    output.moveGeneral(to, op === "i32.rem_u" ? rdx : rax);
  }, { reads: [a, b] });
}

/** Rounds towards zero, saturating to i32; NaN becomes 0. */
function selectTruncation(code: FunctionCode, operand: Node, into: VirtualRegister): void {
  const from = code.value(operand);
  const near = code.vector();
  code.addResult(into, (to, output) => {
    const { encoder } = output;
    const source = output.vector(from), limited = output.vector(near, 0);
    const done = new Label();
    writeConstant(encoder, to, 0);
    encoder.vector(V.ucomisd, 1, source, 0, source);
    encoder.jumpIf(CONDITION.parity, done);
    encoder.vector(V.minsd, 1, limited, source, encoder.constant(float64(2 ** 31 - 1)));
    encoder.vector(V.maxsd, 1, limited, limited, encoder.constant(float64(-(2 ** 31))));
    encoder.vector(V.cvttsd2si, 1, to, 0, limited);
    encoder.place(done);
  }, { reads: [from], temporaries: [near] });
}

function float64(value: number): Uint8Array {
  return new Uint8Array(Float64Array.of(value).buffer);
}
