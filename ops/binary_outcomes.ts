/** Which yes-or-no decisions are right. */
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { elementwiseOp } from "./elementwise.ts";

/** Attributes of {@link binaryOutcomesOp}. */
export interface BinaryOutcomesAttributes {
  /** A logit above it means yes. */
  readonly threshold: number;
}

/** Whether each element is a true positive, a false positive, a false negative: 1 or 0. */
export interface BinaryOutcomes {
  /** Decided yes, and the target is above ½. */
  readonly truePositives: Value;
  /** Decided yes, and the target is at most ½. */
  readonly falsePositives: Value;
  /** Decided no, and the target is above ½. */
  readonly falseNegatives: Value;
}

export const binaryOutcomesOp = elementwiseOp<BinaryOutcomesAttributes>({
  name: "binaryOutcomes",
  inputNames: ["logits", "targets"],
  spreads: ["full"],
  outputCount: () => 3,
  expression(e, [logit, target], { threshold }) {
    const [zero, one] = [e.constant(0), e.constant(1)];
    const yes = e.selectGreater(logit, e.constant(threshold), one, zero);
    const positive = e.selectGreater(target, e.constant(0.5), one, zero);
    const known = e.selectGreater(zero, target, zero, one);
    return [
      e.multiply(yes, positive),
      e.multiply(yes, e.subtract(known, positive)),
      e.multiply(e.subtract(one, yes), positive),
    ];
  },
  samples: [{ operands: [[2, 3], [2, 3]], attributes: { threshold: 0 } }],
});

/**
 * Compares the decisions `logits > threshold` with `targets`, f32 of the same shape; a negative
 * target is unknown and is not counted, and a NaN logit means no. Has no gradient rule. Throws
 * InputError when the shapes differ.
 */
export function binaryOutcomes(
  logits: Operand,
  targets: Operand,
  attributes: BinaryOutcomesAttributes,
): BinaryOutcomes {
  const [truePositives, falsePositives, falseNegatives] = apply(
    binaryOutcomesOp,
    [logits, targets],
    attributes,
  );
  return { truePositives, falsePositives, falseNegatives };
}
