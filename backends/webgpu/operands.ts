/**
 * Copies operands that cannot be bound in place, so that kernels need not know: a shader sees a
 * buffer that it writes as one type, and elements of four numbers begin at multiples of 16 bytes.
 */
import { type Dispatch, elementBytes, type Operand, type Ref } from "./kernel.ts";
import { copyDispatch } from "./kernels/copy.ts";

/**
 * A dispatch all of whose operands can be bound, with the copies before and after it.
 *
 * @param memoryFor gives memory for a copy of this number of bytes
 */
export function fitOperands(dispatch: Dispatch, memoryFor: (bytes: number) => Ref): Dispatch[] {
  const before: Dispatch[] = [], after: Dispatch[] = [];
  const operands: Record<string, Operand> = {};
  // Written operands come first, so that they stay in place if possible: nothing is copied back
  // then.
  const inOrder = Object.entries(dispatch.operands)
    .toSorted(([, a], [, b]) => Number(b.write ?? false) - Number(a.write ?? false));
  for (const [name, operand] of inOrder) {
    if (isBindable(operand, Object.values(operands))) {
      operands[name] = operand;
      continue;
    }
    const { ref, write } = operand;
    const copy = memoryFor(ref.bytes);
    before.push(copyDispatch(ref, copy));
    if (write) after.push(copyDispatch(copy, ref));
    operands[name] = { ...operand, ref: copy };
  }
  return before.length === 0 ? [dispatch] : [...before, { ...dispatch, operands }, ...after];
}

/** Whether an operand can be bound in place, together with the others. */
function isBindable({ ref, type }: Operand, others: readonly Operand[]): boolean {
  return ref.offset % elementBytes(type) === 0 &&
    !others.some((other) => other.write && other.ref.buffer === ref.buffer && other.type !== type);
}
