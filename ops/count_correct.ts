/** How many samples are classified correctly. */
import { apply, type Operand } from "../graph/trace.ts";
import type { Op, Value } from "../graph/types.ts";
import { requireDType, requireFloats, requireRank, requireShape } from "./checks.ts";

/** The op of {@link countCorrect}. */
export const countCorrectOp: Op = {
  name: "countCorrect",
  inputNames: ["logits", "labels"],
  infer([logits, labels]) {
    requireFloats("countCorrect", ["logits"], [logits]);
    requireRank("countCorrect", "logits", logits.shape, 2, "[batch, classes]");
    requireDType("countCorrect", "labels", labels, "i32");
    requireShape("countCorrect", "labels", labels.shape, [logits.shape[0]]);
    return [{ shape: [], dtype: "f32" }];
  },
  evaluate([logits, labels]) {
    const classes = logits.shape[1];
    let count = 0;
    labels.data.forEach((label, n) => {
      const row = logits.data.subarray(n * classes, (n + 1) * classes);
      const best = row.reduce((best, logit, c) => logit > row[best] ? c : best, 0);
      if (best === label) count++;
    });
    return [Float64Array.of(count)];
  },
};

/**
 * The number of rows of `logits` [N, C] whose largest element, the first of equals, stands at the
 * row's label: `labels` [N] i32, negative ones count as wrong. A scalar f32.
 */
export function countCorrect(logits: Operand, labels: Operand): Value {
  return apply(countCorrectOp, [logits, labels], {})[0];
}
