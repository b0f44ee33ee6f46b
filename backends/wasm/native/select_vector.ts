/** Instructions for expressions of floats and vectors that the processor computes with one. */
import type { FunctionCode } from "./function_code.ts";
import type { Output, VirtualRegister } from "./instructions.ts";
import { registersOf } from "./select_general.ts";
import {
  selectChoice,
  selectRead,
  selectShuffle,
  selectSpread,
  selectVectorConstant,
} from "./select_lanes.ts";
import {
  selectBitselect,
  selectComparison,
  selectExtremum,
  selectTruncations,
} from "./select_masks.ts";
import type { Node, Width } from "./tree.ts";
import { repeated } from "./x86/constants.ts";
import { V, type VectorOpcode } from "./x86/opcodes.ts";
import type { RegisterOrPlace } from "./x86/operands.ts";

/** Instructions with two operands, the second of which may be in memory. */
const BINARY: Readonly<Record<string, VectorOpcode>> = {
  "f32.add": V.addss,
  "f32.sub": V.subss,
  "f32.mul": V.mulss,
  "f32.div": V.divss,
  "f64.add": V.addsd,
  "f64.sub": V.subsd,
  "f64.mul": V.mulsd,
  "f64.div": V.divsd,
  "f32x4.add": V.addps,
  "f32x4.sub": V.subps,
  "f32x4.mul": V.mulps,
  "f32x4.div": V.divps,
  "f64x2.add": V.addpd,
  "i32x4.add": V.paddd,
  "i32x4.sub": V.psubd,
  "v128.and": V.andps,
  "v128.or": V.orps,
  "v128.xor": V.xorps,
};

/** Those whose operands are exchanged: `b < a ? a : b`, `~b & a`. */
const EXCHANGED: Readonly<Record<string, VectorOpcode>> = {
  "f32x4.pmin": V.minps,
  "f32x4.pmax": V.maxps,
  "v128.andnot": V.andnps,
};

/** Instructions with one operand. */
const UNARY: Readonly<Record<string, VectorOpcode>> = {
  "f32x4.sqrt": V.sqrtps,
  "f32x4.convert_i32x4_s": V.cvtdq2ps,
  "i16x8.extend_low_i8x16_u": V.pmovzxbw,
  "i32x4.extend_low_i16x8_u": V.pmovzxwd,
  "f64x2.promote_low_f32x4": V.cvtps2pd,
};

/** Those of scalars, which take the lanes above from a second register. */
const SCALAR_UNARY: Readonly<Record<string, VectorOpcode>> = {
  "f64.sqrt": V.sqrtsd,
  "f32.demote_f64": V.cvtsd2ss,
  "f64.promote_f32": V.cvtss2sd,
};

const LOADS: Readonly<Record<string, VectorOpcode>> = {
  "f32.load": V.movss,
  "f64.load": V.movsd,
  "v128.load": V.movups,
  "v128.load32_splat": V.broadcastss,
  "v128.load32_zero": V.movss,
  "v128.load64_zero": V.movsd,
};

/** Bits that `abs` keeps and `neg` changes. */
const SIGNS: Readonly<Record<string, readonly [VectorOpcode, number[]]>> = {
  "f64.neg": [V.xorps, [0, 0x80000000]],
  "f32x4.neg": [V.xorps, [0x80000000]],
  "f32x4.abs": [V.andps, [0x7fffffff]],
};

/** The number in the register field of a shift by a constant. */
const SHIFTS: Readonly<Record<string, number>> = {
  "i32x4.shl": 6,
  "i32x4.shr_s": 4,
  "i32x4.shr_u": 2,
};

/** How `nearest` rounds: to even, without an exception. */
const NEAREST = 8;

/** Computes an expression of type f32, f64 or v128. */
export function selectVector(code: FunctionCode, expression: Node, into: VirtualRegister): void {
  const { op, operands, offset, width, index } = expression;
  const [first, second] = operands;
  if (op in BINARY) return selectBinary(code, BINARY[op], operands, width, into);
  if (op in EXCHANGED) return selectBinary(code, EXCHANGED[op], [second, first], width, into);
  if (op in LOADS) {
    const address = code.address(first, offset);
    // A value that is the same in all lanes fills the register.
    const vectors = op === "v128.load32_splat" ? into.vectors : width;
    return code.addResult(into, (to, output) => {
      output.encoder.vector(LOADS[op], vectors, to, 0, output.place(address));
    }, { reads: registersOf(address) });
  }
  if (op in UNARY) {
    return unary((to, from, { encoder }) => encoder.vector(UNARY[op], width, to, 0, from));
  }
  if (op in SCALAR_UNARY) {
    return unary((to, from, { encoder }) => encoder.vector(SCALAR_UNARY[op], 1, to, from, from));
  }
  if (op in SIGNS) {
    const [instruction, pattern] = SIGNS[op];
    return unary((to, from, { encoder }) =>
      encoder.vector(instruction, width, to, from, encoder.constant(repeated(pattern, width)))
    );
  }
  if (op in SHIFTS) {
    if (second.op !== "i32.const") {
      throw new Error(`${op} by a number of bits that is not constant`);
    }
    const immediate = Number(second.value) & 31;
    return unary((to, from, { encoder }) =>
      encoder.vector(V.pshiftd, width, SHIFTS[op], to, from, { immediate })
    );
  }
  switch (op) {
    case "local.get":
      return selectRead(code, expression, into);
    case "spread":
      return selectSpread(code, first, width, into);
    case "f32.const":
      return constant(new Uint8Array(Float32Array.of(Number(expression.value)).buffer), 1);
    case "f64.const":
      return constant(new Uint8Array(Float64Array.of(Number(expression.value)).buffer), 1);
    case "v128.const":
      return selectVectorConstant(code, expression, into);
    case "f32x4.splat":
      return unary((to, from, { encoder }) =>
        encoder.vector(V.broadcastss, into.vectors, to, 0, from)
      );
    case "i32x4.splat": {
      const from = code.value(first);
      return code.addResult(into, (to, output) => {
        output.encoder.vector(V.movd, 1, to, 0, output.operand(from));
        output.encoder.vector(V.pbroadcastd, into.vectors, to, 0, to);
      }, { reads: [from] });
    }
    case "f32x4.extract_lane":
      return unary((to, from, { encoder }) =>
        index === 0
          ? encoder.vector(V.movaps, 1, to, 0, from)
          : encoder.vector(V.permilps, 1, to, 0, from, { immediate: index })
      );
    case "i8x16.shuffle":
      return selectShuffle(code, expression, into);
    case "f32x4.relaxed_madd":
    case "f32x4.relaxed_nmadd":
      return selectFused(code, expression, into);
    case "f32x4.nearest":
      return unary((to, from, { encoder }) =>
        encoder.vector(V.roundps, width, to, 0, from, { immediate: NEAREST })
      );
    case "f64.nearest":
      return unary((to, from, { encoder }) =>
        encoder.vector(V.roundsd, 1, to, from, from, { immediate: NEAREST })
      );
    case "f32.convert_i32_s":
    case "f64.convert_i32_s": {
      const from = code.value(first);
      const instruction = op.startsWith("f32") ? V.cvtsi2ss : V.cvtsi2sd;
      return code.addResult(into, (to, output) => {
        // Clears the upper lanes, a false dependency on the register's old value.
        output.encoder.vector(V.xorps, 1, to, to, to);
        output.encoder.vector(instruction, 1, to, to, output.operand(from));
      }, { reads: [from] });
    }
    case "f64.reinterpret_i64": {
      const from = code.value(first);
      return code.addResult(into, (to, output) => {
        output.encoder.vector(V.movq, 1, to, 0, output.operand(from));
      }, { reads: [from] });
    }
    case "v128.load32_lane": {
      const address = code.address(first, offset), others = code.value(second);
      return code.addResult(into, (to, output) => {
        const from = output.vector(others);
        output.encoder.vector(V.pinsrd, 1, to, from, output.place(address), { immediate: index });
      }, { reads: [others, ...registersOf(address)] });
    }
    case "select":
      return selectChoice(code, expression, into);
    case "v128.bitselect":
      return selectBitselect(code, expression, into);
    case "i32x4.trunc_sat_f32x4_s":
      return selectTruncations(code, expression, into);
  }
  if (/\.(min|max)$/.test(op)) return selectExtremum(code, expression, into);
  if (/\.(eq|ne|lt|gt|le|ge|lt_u)$/.test(op)) return selectComparison(code, expression, into);
  throw new Error(`no instructions for ${op}`);

  function unary(encode: (to: number, from: number, output: Output) => void): void {
    const from = code.value(first);
    code.addResult(into, (to, output) => encode(to, output.vector(from), output), {
      reads: [from],
    });
  }

  function constant(bytes: Uint8Array, vectors: Width): void {
    code.addResult(into, (to, { encoder }) => {
      const instruction = bytes.length === 4 ? V.movss : bytes.length === 8 ? V.movsd : V.movups;
      encoder.vector(instruction, vectors, to, 0, encoder.constant(bytes));
    });
  }
}

function selectBinary(
  code: FunctionCode,
  instruction: VectorOpcode,
  [first, second]: readonly Node[],
  width: Width,
  into: VirtualRegister,
): void {
  const a = code.value(first);
  const memory = code.memoryOperand(second, width);
  if (memory) {
    return code.addResult(into, (to, output) => {
      const from = output.vector(a);
      const { address, broadcast } = memory;
      output.encoder.vector(instruction, width, to, from, output.place(address), { broadcast });
    }, { reads: [a, ...registersOf(memory.address)] });
  }
  const b = code.value(second);
  code.addResult(into, (to, output) => {
    output.encoder.vector(instruction, width, to, output.vector(a), output.operand(b));
  }, { reads: [a, b] });
}

/** `a · b + c` or `c - a · b`, rounded once. */
function selectFused(code: FunctionCode, expression: Node, into: VirtualRegister): void {
  const { op, operands, width } = expression;
  const plain = op === "f32x4.relaxed_madd" ? V.fmadd : V.fnmadd;
  const [a, b] = code.isInMemory(operands[0], width)
    ? [operands[1], operands[0]]
    : [operands[0], operands[1]];
  const factor = code.value(a);
  const memory = code.memoryOperand(b, width);
  const other = memory ? undefined : code.value(b);
  const sum = code.value(operands[2]);
  code.addResult(into, (to, output) => {
    const operand: RegisterOrPlace = other ? output.operand(other) : output.place(memory!.address);
    const options = { broadcast: memory?.broadcast };
    const write = (form: number, second: number, last: RegisterOrPlace) => {
      const instruction = { ...plain, opcode: plain.opcode + form };
      output.encoder.vector(instruction, width, to, second, last, options);
    };
    if (to !== sum.register && to === factor.register) {
      return sum.register === undefined
        // to = to · operand + sum, of which only one can be in memory.
        ? memory || other!.register === undefined
          ? write(FACTOR_TIMES_PLACE, output.vector(sum), operand)
          : write(FACTOR, other!.register, output.operand(sum))
        : write(FACTOR_TIMES_PLACE, sum.register, operand);
    }
    if (to !== sum.register && typeof operand === "number" && to === operand) {
      return write(FACTOR, output.vector(factor), output.operand(sum));
    }
    output.moveVector(width, to, output.operand(sum));
    write(SUM, output.vector(factor), operand);
  }, { reads: [sum, factor, ...(other ? [other] : registersOf(memory!.address))] });
}

/** The forms of a fused multiply-add, as offsets from the opcode of the first. */
const [SUM, FACTOR, FACTOR_TIMES_PLACE] = [0, -0x10, -0x20];
