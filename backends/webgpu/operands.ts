/**
 * Operands that cannot be bound where they lie: a shader sees a buffer it writes as one type, and
 * elements of four numbers begin at multiples of 16 bytes. What does not is copied; kernels do not
 * have to know.
 */
import { type Dispatch, elementBytes, type Operand, type Ref } from "./kernel.ts";
import { copyDispatch } from "./kernels/copy.ts";

/** A dispatch all of whose operands can be bound, and the copies around it. */
export interface FittedDispatch {
  readonly before: readonly Dispatch[];
  readonly fitted: Dispatch;
  readonly after: readonly Dispatch[];
}

/** Puts copies in the place of operands that cannot be bound; `memoryFor` gives that for
 * a copy of so many bytes. */
export function fitOperands(dispatch: Dispatch, memoryFor: (bytes: number) => Ref): FittedDispatch {
  const before: Dispatch[] = [], after: Dispatch[] = [];
  const operands: Record<string, Operand> = {};
  // What is written keeps its place where it can: then nothing is copied back.
  const inOrder = Object.entries<Operand>(dispatch.operands)
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
  return { before, fitted: before.length === 0 ? dispatch : { ...dispatch, operands }, after };
}

/** Whether an operand can be bound where it lies, beside those that are. */
function isBindable({ ref, type }: Operand, others: readonly Operand[]): boolean {
  return ref.offset % elementBytes(type) === 0 &&
    !others.some((other) => other.write && other.ref.buffer === ref.buffer && other.type !== type);
}
