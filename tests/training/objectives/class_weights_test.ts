import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { referenceBackend } from "../../../backends/reference/reference.ts";
import { InputError, type OptionPath } from "../../../errors.ts";
import { type ObjectiveChoice, objectiveOf } from "../../../training/objectives/registry.ts";
import { compute } from "../../support/run.ts";

type Weights = Extract<ObjectiveChoice, { name: "classification" }>["classWeights"];

const classNames = ["cat", "dog", "emu"];
const LABELS = Int32Array.of(0, 1, 0, 0, 0);

function objective(classWeights: Weights, known: Parameters<typeof objectiveOf>[2] = {}) {
  return objectiveOf({ name: "classification", classWeights }, 3, known);
}

Deno.test("balanced weights are inverse to class counts, and 1 for classes without images", () => {
  const targets = { labels: { data: new Int32Array(new SharedArrayBuffer(20)) } };
  targets.labels.data.set(LABELS);
  const found = objective("balanced", { targets }).classWeights;
  assertEquals(found, Float32Array.of(5 / (2 * 4), 5 / (2 * 1), 1));
  assertEquals(objective("balanced").classWeights, undefined);
});

Deno.test("weights by name leave other classes at 1", () => {
  assertEquals(objective({ dog: 4 }, { classNames }).classWeights, Float32Array.of(1, 4, 1));
  assertEquals(objective([1, 2, 3]).classWeights, Float32Array.of(1, 2, 3));
  // Where nothing is known about the images, nothing is trained.
  assertEquals(objective({ dog: 4 }).classWeights, undefined);
});

Deno.test("weights that do not fit the classes are refused with their place", () => {
  const refused = (weights: Weights, known: Parameters<typeof objective>[1], at: OptionPath) => {
    const error = assertThrows(() => objective(weights, known), InputError);
    assertEquals(error.at, at);
    return error.message;
  };
  assertEquals(
    refused([1, 2], {}, ["classWeights"]),
    "found 2 weights, expected 3, one per class",
  );
  assertEquals(
    refused({ dgo: 2 }, { classNames }, ["classWeights", "dgo"]),
    'there is no class "dgo"; did you mean "dog"?',
  );
  assertEquals(
    refused({ dog: 2 }, { targets: {} }, ["classWeights"]),
    "the classes have no names here; give a list of weights",
  );
  refused([1, 0, 1], {}, ["classWeights", 1]);
});

Deno.test("the loss is a weighted mean in training and plain otherwise; a batch counts its weights", async () => {
  const data = Float32Array.from({ length: 15 }, (_, i) => Math.sin(3 * i));
  const inputs = {
    logits: { shape: [5, 3], data },
    labels: { shape: [5], data: LABELS },
  };
  const weights = [2, 5, 1];
  const weighted = objective(weights);
  const found = await compute(referenceBackend(), inputs, ({ logits, labels }) => ({
    training: weighted.loss(logits, { labels }, { training: true }),
    evaluation: weighted.loss(logits, { labels }, { training: false }),
    weight: weighted.weight?.({ labels })!,
  }));
  const losses = [...LABELS].map((label, n) => {
    const row = data.subarray(3 * n, 3 * n + 3);
    return Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0)) - row[label];
  });
  const total = losses.reduce((sum, loss, n) => sum + weights[LABELS[n]] * loss, 0);
  assertAlmostEquals(found.training[0], total / 13, 1e-6);
  assertAlmostEquals(found.evaluation[0], losses.reduce((a, b) => a + b), 1e-6);
  assertAlmostEquals(found.weight[0], 13, 1e-5);
});
