/**
 * Instructions that compare lanes: comparisons, choices, extrema and saturation. AVX-512 has
 * registers of one bit per lane for them; AVX2 uses vectors of ones and zeros as masks.
 */
import type { FunctionCode } from "./function_code.ts";
import type { Output, VirtualRegister } from "./instructions.ts";
import type { Node } from "./tree.ts";
import { repeated } from "./x86/constants.ts";
import { V } from "./x86/opcodes.ts";
import type { RegisterOrPlace } from "./x86/operands.ts";

/** The predicates of `cmpps`; all but `ne` are false where a lane is NaN. */
const PREDICATES: Readonly<Record<string, number>> = {
  "f32x4.eq": 0x00,
  "f32x4.lt": 0x11,
  "f32x4.le": 0x12,
  "f32x4.ne": 0x04,
  "f32x4.ge": 0x1d,
  "f32x4.gt": 0x1e,
};

const [UNORDERED, ORDERED, GREATER_OR_EQUAL] = [0x03, 0x07, 0x1d];

/** The mask register, used within one instruction only. */
const MASK = 1;

/** All ones where a comparison holds, else zeros. */
export function selectComparison(
  code: FunctionCode,
  expression: Node,
  into: VirtualRegister,
): void {
  const { op, operands, width } = expression;
  const [a, b] = operands.map((operand) => code.value(operand));
  const unsigned = op === "i32x4.lt_u";
  if (code.level === "avx512") {
    return code.addResult(into, (to, output) => {
      writeComparison(output, expression, a, b);
      output.encoder.vector(V.movm2d, width, to, 0, MASK);
    }, { reads: [a, b] });
  }
  if (!unsigned) {
    return code.addResult(into, (to, output) => {
      const immediate = PREDICATES[op];
      output.encoder.vector(V.cmpps, width, to, output.vector(a), output.operand(b), { immediate });
    }, { reads: [a, b] });
  }
  // Inverting the highest bit turns unsigned order into signed order.
  const shifted = code.vector(width);
  code.addResult(into, (to, output) => {
    const { encoder } = output;
    const sign = encoder.constant(repeated([0x80000000], width));
    const other = shifted.register!;
    encoder.vector(V.xorps, width, other, output.vector(a), sign);
    encoder.vector(V.xorps, width, to, output.vector(b), sign);
    encoder.vector(V.pcmpgtd, width, to, to, other);
  }, { reads: [a, b], temporaries: [shifted] });
}

/** Writes a comparison's bits into {@link MASK}. */
function writeComparison(
  output: Output,
  { op, width }: Node,
  a: VirtualRegister,
  b: VirtualRegister,
): void {
  const [instruction, immediate] = op === "i32x4.lt_u"
    ? [V.pcmpudToMask, 1]
    : [V.cmppsToMask, PREDICATES[op]];
  output.encoder.vector(instruction, width, MASK, output.vector(a), output.operand(b), {
    immediate,
  });
}

/** Bits of the first operand where the third has ones, else of the second. */
export function selectBitselect(code: FunctionCode, expression: Node, into: VirtualRegister): void {
  const { operands, width } = expression;
  const [first, second, condition] = operands;
  const a = code.value(first), b = code.value(second);
  if (code.level === "avx512" && condition.op in PREDICATES) {
    const [left, right] = condition.operands.map((operand) => code.value(operand));
    return code.addResult(into, (to, output) => {
      writeComparison(output, condition, left, right);
      output.encoder.vector(V.blendmps, width, to, output.vector(b), output.operand(a), {
        mask: MASK,
      });
    }, { reads: [a, b, left, right] });
  }
  const mask = code.value(condition);
  if (code.level === "avx512") {
    return code.addResult(into, (to, output) => {
      output.moveVector(width, to, output.operand(mask));
      output.encoder.vector(V.ternlogd, width, to, output.vector(a), output.operand(b), {
        immediate: 0xca,
      });
    }, { reads: [mask], readsLate: [a, b] });
  }
  const rest = code.vector(width);
  code.addResult(into, (to, output) => {
    const { encoder } = output;
    const other = rest.register!;
    const bits = output.vector(mask);
    encoder.vector(V.andnps, width, other, bits, output.operand(b));
    encoder.vector(V.andps, width, to, bits, output.operand(a));
    encoder.vector(V.orps, width, to, to, other);
  }, { reads: [a, b, mask], temporaries: [rest] });
}

/** The smaller or larger; NaN where either is NaN, and -0 is smaller than 0. */
export function selectExtremum(code: FunctionCode, expression: Node, into: VirtualRegister): void {
  const { op, operands, width } = expression;
  const [a, b] = operands.map((operand) => code.value(operand));
  const double = op.startsWith("f64"), smaller = op.endsWith("min");
  if (code.level === "avx512") {
    const [range, compare, add] = double
      ? [V.rangepd, V.cmppdToMask, V.addpd]
      : [V.rangeps, V.cmppsToMask, V.addps];
    return code.addResult(into, (to, output) => {
      const { encoder } = output;
      const left = output.vector(a), right = output.operand(b);
      // 4: the sign of the chosen operand.
      encoder.vector(range, width, to, left, right, { immediate: smaller ? 4 : 5 });
      encoder.vector(compare, width, MASK, left, right, { immediate: UNORDERED });
      encoder.vector(add, width, to, left, right, { mask: MASK });
    }, { readsLate: [a, b] });
  }
  // `minps` and `maxps` return their second operand if one is NaN or both are zero. So both orders
  // are computed and combined such that NaN, and the correct sign, are kept.
  const extremum = double ? (smaller ? V.minpd : V.maxpd) : smaller ? V.minps : V.maxps;
  const [subtract, compare, shift, payload] = double
    ? [V.subpd, V.cmppd, V.pshiftq, 13]
    : [V.subps, V.cmpps, V.pshiftd, 10];
  const both = code.vector(width);
  code.addResult(into, (to, output) => {
    const { encoder } = output;
    const joined = both.register!;
    encoder.vector(extremum, width, joined, output.vector(a), output.operand(b));
    encoder.vector(extremum, width, to, output.vector(b), output.operand(a));
    if (smaller) {
      encoder.vector(V.orps, width, joined, joined, to);
      encoder.vector(compare, width, to, to, joined, { immediate: UNORDERED });
      encoder.vector(V.orps, width, joined, joined, to);
    } else {
      encoder.vector(V.xorps, width, to, to, joined);
      encoder.vector(V.orps, width, joined, joined, to);
      encoder.vector(subtract, width, joined, joined, to);
      encoder.vector(compare, width, to, to, joined, { immediate: UNORDERED });
    }
    encoder.vector(shift, width, 2, to, to, { immediate: payload });
    encoder.vector(V.andnps, width, to, to, joined);
  }, { readsLate: [a, b], temporaries: [both] });
}

/** Rounds towards zero, saturating to i32; NaN becomes 0. */
export function selectTruncations(
  code: FunctionCode,
  { operands: [operand], width }: Node,
  into: VirtualRegister,
): void {
  const from = code.value(operand);
  const limit = repeated([0x4f000000], width);
  if (code.level === "avx512") {
    return code.addResult(into, (to, output) => {
      const { encoder } = output;
      const source = output.vector(from);
      const compare = (other: RegisterOrPlace, immediate: number) =>
        encoder.vector(V.cmppsToMask, width, MASK, source, other, { immediate });
      compare(source, ORDERED);
      encoder.vector(V.cvttps2dq, width, to, 0, source, { mask: MASK, zeroing: true });
      compare(encoder.constant(limit), GREATER_OR_EQUAL);
      const largest = encoder.constant(repeated([0x7fffffff], 1).slice(0, 4));
      encoder.vector(V.pbroadcastd, width, to, 0, largest, { mask: MASK });
    }, { readsLate: [from] });
  }
  const near = code.vector(width);
  code.addResult(into, (to, output) => {
    const { encoder } = output;
    const source = output.vector(from), lanes = near.register!;
    encoder.vector(V.cmpps, width, lanes, source, source, { immediate: ORDERED });
    encoder.vector(V.andps, width, lanes, lanes, source);
    encoder.vector(V.cvttps2dq, width, to, 0, lanes);
    const immediate = GREATER_OR_EQUAL;
    encoder.vector(V.cmpps, width, lanes, lanes, encoder.constant(limit), { immediate });
    // Values that are too large became the smallest integer: its inverse is the largest.
    encoder.vector(V.xorps, width, to, to, lanes);
  }, { reads: [from], temporaries: [near] });
}
