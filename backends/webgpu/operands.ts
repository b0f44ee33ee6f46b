/**
 * Operands that cannot be bound where they lie: a shader sees a buffer it writes as one type, and
 * elements of four numbers begin at multiples of 16 bytes. What does not is copied; kernels do not
 * have to know.
 */
import { elementBytes, type Phase, type PhaseOperand, type Ref } from "./kernel.ts";
import { copyPhase } from "./kernels/copy.ts";

/** A phase all of whose operands can be bound, and the copies around it. */
export interface FittedPhase {
  readonly before: readonly Phase[];
  readonly fitted: Phase;
  readonly after: readonly Phase[];
}

/** Puts copies in the place of operands that cannot be bound; `memoryFor` gives that for
 * a copy of so many bytes. */
export function fitOperands(phase: Phase, memoryFor: (bytes: number) => Ref): FittedPhase {
  const before: Phase[] = [], after: Phase[] = [];
  const operands: Record<string, PhaseOperand> = {};
  // What is written keeps its place where it can: then nothing is copied back.
  const inOrder = Object.entries<PhaseOperand>(phase.operands)
    .toSorted(([, a], [, b]) => Number(b.write ?? false) - Number(a.write ?? false));
  for (const [name, operand] of inOrder) {
    if (isBindable(operand, Object.values(operands))) {
      operands[name] = operand;
      continue;
    }
    const { ref, write } = operand;
    const copy = memoryFor(ref.bytes);
    before.push(copyPhase(ref, copy));
    if (write) after.push(copyPhase(copy, ref));
    operands[name] = { ...operand, ref: copy };
  }
  return { before, fitted: before.length === 0 ? phase : { ...phase, operands }, after };
}

/** Whether an operand can be bound where it lies, beside those that are. */
function isBindable({ ref, type }: PhaseOperand, others: readonly PhaseOperand[]): boolean {
  return ref.offset % elementBytes(type) === 0 &&
    !others.some((other) => other.write && other.ref.buffer === ref.buffer && other.type !== type);
}
