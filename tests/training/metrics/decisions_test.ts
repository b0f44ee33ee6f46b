import { assertEquals } from "@std/assert";
import { classScores, macroScores, microScores } from "../../../training/metrics/decisions.ts";

/** Three classes: always right, half right, and neither predicted nor present. */
const COUNTS = {
  truePositives: [4, 1, 0],
  falsePositives: [0, 1, 0],
  falseNegatives: [0, 2, 0],
};

Deno.test("precision, recall and F1 of nothing are 0", () => {
  assertEquals(classScores(COUNTS), [
    { precision: 1, recall: 1, f1: 1 },
    { precision: 1 / 2, recall: 1 / 3, f1: 2 / 5 },
    { precision: 0, recall: 0, f1: 0 },
  ]);
  assertEquals(macroScores([]), { precision: 0, recall: 0, f1: 0 });
});

Deno.test("macro averages count classes alike or by weight, micro averages count decisions", () => {
  const scores = classScores(COUNTS);
  assertEquals(macroScores(scores), {
    precision: 1.5 / 3,
    recall: (1 + 1 / 3) / 3,
    f1: 1.4 / 3,
  });
  assertEquals(macroScores(scores, [4, 3, 0]).recall, (4 + 1) / 7);
  assertEquals(microScores(COUNTS), { precision: 5 / 6, recall: 5 / 7, f1: 10 / 13 });
});
