import { assertEquals, assertThrows } from "@std/assert";
import { referenceBackend } from "../../../backends/reference/reference.ts";
import { InputError } from "../../../errors.ts";
import { objectiveOf } from "../../../training/objectives/registry.ts";
import { compute } from "../../support/run.ts";

/** One row of logits 0, 1, … for each of some labels. */
async function sumsOf(classes: number, labels: readonly number[], training: boolean) {
  const objective = objectiveOf("classification", classes);
  const row = Array.from({ length: classes }, (_, c) => c);
  const inputs = {
    logits: { shape: [labels.length, classes], data: Float32Array.from(labels.flatMap(() => row)) },
    labels: { shape: [labels.length], data: Int32Array.from(labels) },
  };
  const sums = await compute(
    referenceBackend(),
    inputs,
    ({ logits, labels }) => ({ ...objective.sums(logits, { labels }, { training }) }),
  );
  return Object.fromEntries(Object.entries(sums).map(([name, [value]]) => [name, value]));
}

Deno.test("validation counts the five most likely classes if there are more than ten", async () => {
  const labels = [11, 7, 6, -1];
  assertEquals(await sumsOf(12, labels, false), { correct: 1, top5Correct: 2 });
  assertEquals(await sumsOf(12, labels, true), { correct: 1 });
  assertEquals(await sumsOf(10, [9, 5], false), { correct: 1 });
});

Deno.test("sums are summarized as accuracies", () => {
  const objective = objectiveOf("classification", 12);
  const sums = { loss: 6, correct: 1, count: 4 };
  assertEquals(objective.summarize(sums), { loss: 1.5, accuracy: 0.25, count: 4 });
  assertEquals(Object.entries(objective.summarize({ ...sums, top5Correct: 2 })), [
    ["loss", 1.5],
    ["accuracy", 0.25],
    ["top5Accuracy", 0.5],
    ["count", 4],
  ]);
});

Deno.test("a label out of range is refused", () => {
  const { checkTargets } = objectiveOf("classification", 3);
  checkTargets?.({ labels: [0, 2, 1] });
  assertThrows(() => checkTargets?.({ labels: [0, 3] }), InputError, "image 1 has the label 3");
  assertThrows(() => checkTargets?.({ labels: [-1] }), InputError, "expected 0 to 2");
});

Deno.test("the report predicts the class of the largest logit, and none if a logit is NaN", () => {
  const report = objectiveOf("classification", 2).report(["cat", "dog"]);
  report.add(Float32Array.of(1, 0, 0, 1, NaN, 0, 5, 5), { labels: [0, 0, 1] });
  assertEquals(report.details(), {
    perClass: [
      { name: "cat", count: 2, correct: 1, accuracy: 0.5 },
      { name: "dog", count: 1, correct: 0, accuracy: 0 },
    ],
    confusion: [[1, 1], [0, 0]],
    expectedCalibrationError: NaN,
  });
  assertEquals(report.confusion?.counts, [[1, 1], [0, 0]]);
  assertEquals(report.tables().length, 3);
});
