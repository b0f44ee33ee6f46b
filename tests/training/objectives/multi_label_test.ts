import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { referenceBackend } from "../../../backends/reference/reference.ts";
import type { Sums } from "../../../checkpoints/run_state.ts";
import { InputError } from "../../../errors.ts";
import { objectiveOf } from "../../../training/objectives/registry.ts";
import { testOnEveryBackend } from "../../support/backends.ts";
import { compute } from "../../support/run.ts";

const LOGITS = { shape: [4, 2], data: Float32Array.of(2, -1, 0.5, 3, -2, 1, 9, 9) };
/** The last row is filling. */
const TARGETS = { shape: [4, 2], data: Float32Array.of(1, 0, 0, 1, 1, 1, -1, -1) };

/** -log of the sigmoid of `x`. */
const surprise = (x: number) => Math.log1p(Math.exp(-x));
const LOSS = [2, 1, -0.5, 3, -2, 1].map(surprise).reduce((sum, loss) => sum + loss);

testOnEveryBackend("loss and sums of decisions ignore filling", async (backend) => {
  const objective = objectiveOf("multi_label", 2);
  const outputs = await compute(
    backend,
    { logits: LOGITS, targets: TARGETS },
    ({ logits, targets }) => ({
      loss: objective.loss(logits, { targets }, { training: false }),
      ...objective.sums(logits, { targets }, { training: false }),
    }),
  );
  assertAlmostEquals(outputs.loss[0], LOSS / 2, 1e-6);
  assertEquals([...outputs.truePositives], [1, 2]);
  assertEquals([...outputs.falsePositives], [1, 0]);
  assertEquals([...outputs.falseNegatives], [1, 0]);
});

Deno.test("the training loss is a mean with weighted positives", async () => {
  const losses = await Promise.all([2, [2, 2], [1, 3]].map(async (positiveWeight) => {
    const objective = objectiveOf({ name: "multi_label", positiveWeight }, 2);
    const inputs = { logits: LOGITS, targets: TARGETS };
    const { loss } = await compute(referenceBackend(), inputs, ({ logits, targets }) => ({
      loss: objective.loss(logits, { targets }, { training: true }),
    }));
    return loss[0];
  }));
  const first = surprise(2) + surprise(-2), second = surprise(3) + surprise(1);
  assertAlmostEquals(losses[0], (LOSS + first + second) / 8, 1e-6);
  assertEquals(losses[0], losses[1]);
  assertAlmostEquals(losses[2], (LOSS + 2 * second) / 8, 1e-6);
});

Deno.test("sums are summarized as F1, precision and recall, together with the tally", () => {
  const objective = objectiveOf("multi_label", 2);
  const sums: Sums = {
    loss: 6,
    truePositives: [1, 2],
    falsePositives: [1, 0],
    falseNegatives: [1, 0],
    count: 3,
  };
  assertEquals(Object.entries(objective.summarize(sums, { meanAveragePrecision: 0.5 })), [
    ["loss", 2],
    ["meanAveragePrecision", 0.5],
    ["f1", 0.75],
    ["precision", 0.75],
    ["recall", 0.75],
    ["microF1", 0.75],
    ["count", 3],
  ]);
  assertEquals(objective.summarize(sums).meanAveragePrecision, undefined);
  const one = objectiveOf("multi_label", 1);
  const scalars = { loss: 1, truePositives: 1, falsePositives: 1, falseNegatives: 0, count: 2 };
  assertEquals(one.summarize(scalars).precision, 0.5);
});

Deno.test("the tally and the report rank every image, batch by batch", () => {
  const objective = objectiveOf({ name: "multi_label", threshold: 0.7 }, 2);
  const tally = objective.tally!();
  const report = objective.report(["cat", "dog"]);
  for (const each of [tally, report]) {
    each.add(LOGITS.data.subarray(0, 4), { targets: TARGETS.data.subarray(0, 4) });
    // Rows of filling have logits but no targets.
    each.add(LOGITS.data.subarray(4), { targets: TARGETS.data.subarray(4, 6) });
  }
  // cat: yes 2, no 0.5, yes -2; dog: yes 3, yes 1, no -1.
  const cat = (1 + 2 / 3) / 2;
  assertEquals(tally.metrics(), { meanAveragePrecision: (cat + 1) / 2 });
  assertEquals(report.details(), {
    perClass: [
      { name: "cat", count: 2, precision: 1, recall: 0.5, f1: 2 / 3, averagePrecision: cat },
      { name: "dog", count: 2, precision: 1, recall: 1, f1: 1, averagePrecision: 1 },
    ],
  });
  // Unknown targets and rows of filling do not count for calibration.
  assertEquals(report.calibration?.bins().reduce((sum, { count }) => sum + count, 0), 6);
  assertEquals(report.tables(), [
    "class  images  precision    recall        F1  average precision\n" +
    "cat         2   100.00 %   50.00 %   66.67 %            83.33 %\n" +
    "dog         2   100.00 %  100.00 %  100.00 %           100.00 %",
  ]);
});

Deno.test("a wrong number of weights and targets above 1 are refused", () => {
  const error = assertThrows(
    () => objectiveOf({ name: "multi_label", positiveWeight: [1, 2, 3] }, 2),
    InputError,
    "found 3 weights",
  );
  assertEquals(error.at, ["positiveWeight"]);
  const objective = objectiveOf("multi_label", 2);
  assertThrows(
    () => objective.checkTargets?.({ targets: [1, 0, -1, 2] }),
    InputError,
    "image 1 has the target 2 of class 1",
  );
});
