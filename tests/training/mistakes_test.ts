import { assertAlmostEquals, assertEquals } from "@std/assert";
import { Mistakes } from "../../training/mistakes.ts";
import { objectiveOf } from "../../training/objectives/registry.ts";

/** Logits that softmax turns into these probabilities. */
const logitsOf = (...probabilities: number[]) => Float32Array.from(probabilities, Math.log);

Deno.test("the worst mistakes have the largest loss, the surest the largest probability for a wrong class", () => {
  const { judge } = objectiveOf("classification", 3);
  const mistakes = new Mistakes(judge!, 2);
  mistakes.add(
    logitsOf(0.5, 0.3, 0.2, 0.1, 0.8, 0.1, 0.1, 0.8, 0.1),
    { labels: [0, 0, 2] },
  );
  // A row of filling has no label.
  mistakes.add(logitsOf(0.6, 0.39, 0.01, 0.9, 0.05, 0.05), { labels: [2] });
  assertEquals(mistakes.count, 3);
  const [worst, second] = mistakes.worst;
  assertEquals([worst.image, worst.labels, worst.predicted], [3, [2], [0]]);
  assertAlmostEquals(worst.loss, -Math.log(0.01), 1e-6);
  // Images 1 and 2 have the same loss; the first is kept.
  assertEquals(second.image, 1);
  assertEquals(mistakes.surest.map(({ image }) => image), [1, 2]);
  assertAlmostEquals(mistakes.surest[0].confidence, 0.8, 1e-6);
});

Deno.test("an image of several classes is a mistake if any decision is wrong", () => {
  const { judge } = objectiveOf({ name: "multi_label", threshold: 0.7 }, 3);
  const logit = (p: number) => Math.log(p / (1 - p));
  const logits = Float32Array.of(0.9, 0.6, 0.2, 0.8, 0.1, 0.9, 0.9, 0.9, 0.9).map(logit);
  // The last image's second target is unknown.
  const [right, wrong, partly] = judge!(logits, { targets: [1, 0, 0, 1, 1, 0, 1, -1, 1] });
  assertEquals([right.isMistake, right.labels, right.predicted], [false, [0], [0]]);
  assertEquals([wrong.isMistake, wrong.labels, wrong.predicted], [true, [0, 1], [0, 2]]);
  assertAlmostEquals(wrong.confidence, 0.9, 1e-6);
  const loss = -(Math.log(0.8) + Math.log(0.1) + Math.log(0.1)) / 3;
  assertAlmostEquals(wrong.loss, loss, 1e-6);
  assertEquals([partly.isMistake, partly.labels], [false, [0, 2]]);
  assertAlmostEquals(partly.loss, -2 * Math.log(0.9) / 3, 1e-6);
});
