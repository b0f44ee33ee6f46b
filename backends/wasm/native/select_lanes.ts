/** Instructions that move vectors: reads, constants, shuffles, choices. */
import type { FunctionCode } from "./function_code.ts";
import type { VirtualRegister } from "./instructions.ts";
import { compare } from "./select_general.ts";
import type { Node, Width } from "./tree.ts";
import { Label } from "./x86/encoder.ts";
import { V } from "./x86/opcodes.ts";

/** Reads a variable, or one of several vectors in one register. */
export function selectRead(code: FunctionCode, expression: Node, into: VirtualRegister): void {
  const joined = code.joined(expression.variable!);
  const from = code.variable(joined?.first ?? expression.variable!);
  const vectors = joined && joined.width !== expression.width ? 1 : into.vectors;
  const member = vectors === 1 && joined ? joined.member : 0;
  code.addResult(into, (to, output) => {
    if (member === 0) return output.moveVector(vectors, to, output.operand(from));
    const source = output.vector(from);
    output.encoder.vector(V.extractf128, joined!.width, source, 0, to, { immediate: member });
  }, { reads: [from] });
}

/** One vector repeated to a wider one. */
export function selectSpread(
  code: FunctionCode,
  vector: Node,
  width: Width,
  into: VirtualRegister,
): void {
  const from = code.value(vector);
  code.addResult(into, (to, output) => {
    const { encoder } = output;
    const source = output.vector(from);
    if (from.vectors >= width) return output.moveVector(width, to, source);
    if (width === 4) encoder.vector(V.shuff32x4, 4, to, source, source, { immediate: 0 });
    else encoder.vector(V.insertf128, 2, to, source, source, { immediate: 1 });
  }, { reads: [from] });
}

export function selectVectorConstant(
  code: FunctionCode,
  expression: Node,
  into: VirtualRegister,
): void {
  const { bytes } = expression;
  const zero = bytes.every((byte) => byte === 0);
  const uniform = bytes.every((byte, i) => byte === bytes[i % 4]);
  code.addResult(into, (to, { encoder }) => {
    if (zero) return encoder.vector(V.xorps, into.vectors, to, to, to);
    if (uniform) {
      const place = encoder.constant(bytes.slice(0, 4));
      return encoder.vector(V.broadcastss, into.vectors, to, 0, place);
    }
    encoder.vector(V.movups, expression.width, to, 0, encoder.constant(bytes));
  });
}

/** Picks lanes of 32 bits. */
export function selectShuffle(code: FunctionCode, expression: Node, into: VirtualRegister): void {
  const { operands: [first, second], bytes, width } = expression;
  const picks = [0, 4, 8, 12].map((i) => bytes[i] >> 2);
  const immediate = picks.reduce((sum, pick, i) => sum | (pick & 3) << (2 * i), 0);
  const a = code.value(first), b = code.value(second);
  const within = a === b || picks.every((pick) => pick < 4);
  const halves = picks[0] < 4 && picks[1] < 4 && picks[2] >= 4 && picks[3] >= 4;
  if (!within && !halves) throw new Error(`a shuffle that is not translated: ${picks}`);
  code.addResult(into, (to, output) => {
    const { encoder } = output;
    const source = output.vector(a);
    if (within) encoder.vector(V.permilps, width, to, 0, source, { immediate });
    else encoder.vector(V.shufps, width, to, source, output.operand(b), { immediate });
  }, { reads: [a, b] });
}

/** `condition ? a : b` of floats or vectors. */
export function selectChoice(code: FunctionCode, expression: Node, into: VirtualRegister): void {
  const [a, b] = expression.operands.slice(0, 2).map((operand) => code.value(operand));
  const condition = compare(code, expression.operands[2]);
  code.addResult(into, (to, output) => {
    const done = new Label();
    output.moveVector(1, to, output.operand(a));
    output.encoder.jumpIf(condition, done);
    output.moveVector(1, to, output.operand(b));
    output.encoder.place(done);
  }, { reads: [a], readsLate: [b] });
}
