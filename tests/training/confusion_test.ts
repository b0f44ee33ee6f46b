import { assertEquals } from "@std/assert";
import { ConfusionMatrix } from "../../training/confusion.ts";

Deno.test("a confusion matrix counts images by true and predicted class", () => {
  const matrix = new ConfusionMatrix(["cat", "dog", "owl"]);
  for (const [label, predicted] of [[0, 0], [0, 1], [0, 1], [0, 1], [1, 1], [1, 0], [1, -1]]) {
    matrix.add(label, predicted);
  }
  assertEquals(matrix.counts, [[1, 3, 0], [1, 1, 0], [0, 0, 0]]);
  assertEquals(matrix.perClass(), [
    { name: "cat", count: 4, correct: 1, accuracy: 1 / 4 },
    { name: "dog", count: 3, correct: 1, accuracy: 1 / 3 },
    { name: "owl", count: 0, correct: 0, accuracy: NaN },
  ]);
  assertEquals(matrix.confusions(), [
    { label: "cat", predicted: "dog", count: 3, share: 3 / 4 },
    { label: "dog", predicted: "cat", count: 1, share: 1 / 3 },
  ]);
});
