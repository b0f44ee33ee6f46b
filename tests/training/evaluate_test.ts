import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { foldModel } from "../../checkpoints/fold.ts";
import { InputError } from "../../errors.ts";
import { inferenceProgram } from "../../models/inference.ts";
import { multiply } from "../../ops/multiply.ts";
import { sum } from "../../ops/sum.ts";
import { describeNetwork } from "../../training/description.ts";
import { evaluateNetwork } from "../../training/evaluate.ts";
import type { Objective } from "../../training/objectives/objective.ts";
import { objectiveOf } from "../../training/objectives/registry.ts";
import { train } from "../../training/train.ts";
import { tinyDataset, tinyTraining } from "../support/tiny_training.ts";

Deno.test("a folded network is evaluated as the one it was folded from", async () => {
  const { model, backend } = await tinyTraining();
  const data = await tinyDataset();
  const description = describeNetwork("tiny", data, "classification");
  const network = foldModel(model, description);
  const trained = { program: (size: number) => inferenceProgram(model, description, size) };
  const options = { batchSize: 4 };
  assertEquals(
    (await evaluateNetwork(network, data.test, backend, options)).accuracy,
    (await evaluateNetwork(trained, data.test, backend, options)).accuracy,
  );
});

Deno.test("an objective that does not leave filling out sees none", async () => {
  const data = await tinyDataset();
  const objective: Objective = {
    ...objectiveOf("classification", 3),
    ignoresFilling: false,
    loss: (logits) => sum(multiply(logits, logits)),
  };
  const losses = await Promise.all([data.test.count, 4].map(async (batchSize) => {
    const options = await tinyTraining({ objective, epochs: 1, evaluationBatchSize: batchSize });
    const { state } = await train(options);
    const network = foldModel(options.model, describeNetwork("tiny", data, objective));
    const evaluation = { objective, batchSize };
    const { loss } = await evaluateNetwork(network, data.test, options.backend, evaluation);
    return [state.validation?.loss ?? NaN, loss];
  }));
  for (const loss of losses.flat()) assertAlmostEquals(loss, losses[0][0], 1e-5);
});

Deno.test("a network is not evaluated by an objective that takes its logits for others", async () => {
  const { model, backend } = await tinyTraining();
  const data = await tinyDataset();
  const network = foldModel(model, describeNetwork("tiny", data, "multi_label"));
  const error = await assertRejects(
    () => evaluateNetwork(network, data.test, backend),
    InputError,
    "tiny turns logits into probabilities by sigmoid, the objective classification by softmax",
  );
  assertEquals(error.at, ["objective"]);
});
