/** Number of samples that are classified correctly. */
import { InputError } from "../errors.ts";
import { apply, type Operand } from "../graph/trace.ts";
import type { Op, Value } from "../graph/types.ts";
import { requireDType, requireFloats, requireRank, requireShape } from "./checks.ts";

/** Attributes of {@link countCorrectOp}. */
export interface CountCorrectAttributes {
  /** A sample is correct if its label is among the `k` classes of the largest logits. */
  readonly k: number;
}

export const countCorrectOp: Op<CountCorrectAttributes> = {
  name: "countCorrect",
  inputNames: ["logits", "labels"],
  infer([logits, labels], { k }) {
    requireFloats("countCorrect", ["logits"], [logits]);
    requireRank("countCorrect", "logits", logits.shape, 2, "[batch, classes]");
    requireDType("countCorrect", "labels", labels, "i32");
    requireShape("countCorrect", "labels", labels.shape, [logits.shape[0]]);
    if (!(Number.isInteger(k) && k >= 1)) {
      throw new InputError(`countCorrect: k is ${k}; expected a whole number of at least 1`);
    }
    return [{ shape: [], dtype: "f32" }];
  },
  evaluate([logits, labels], { k }) {
    const classes = logits.shape[1];
    let count = 0;
    labels.data.forEach((label, n) => {
      const row = logits.data.subarray(n * classes, (n + 1) * classes);
      if (k === 1 ? largest(row) === label : label in row && rank(row, label) < k) count++;
    });
    return [Float64Array.of(count)];
  },
  multiplyAccumulates: () => 0,
  samples: [{
    operands: [[4, 3], { shape: [4], dtype: "i32", range: [-1, 3] }],
    attributes: { k: 1 },
  }],
};

/** The index of the largest element, the first among equals. */
function largest(row: Float64Array): number {
  return row.reduce((best, logit, c) => logit > row[best] ? c : best, 0);
}

/** Number of elements that are greater than the label's; NaN counts as greater. */
function rank(row: Float64Array, label: number): number {
  return row.reduce((greater, logit) => logit <= row[label] ? greater : greater + 1, 0);
}

/**
 * The number of rows of `logits` [N, C] whose label (`labels` [N] i32) is right; negative labels
 * count as wrong. A scalar f32. With `k` 1 (default), the right label is the index of the largest
 * element, the first among equals; with a larger `k`, a label is right if fewer than `k` logits
 * exceed its own. Throws InputError for operands or a `k` that do not fit.
 */
export function countCorrect(
  logits: Operand,
  labels: Operand,
  { k = 1 }: Partial<CountCorrectAttributes> = {},
): Value {
  return apply(countCorrectOp, [logits, labels], { k })[0];
}
