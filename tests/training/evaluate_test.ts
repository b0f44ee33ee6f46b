import { assertEquals, assertRejects } from "@std/assert";
import { foldModel } from "../../checkpoints/fold.ts";
import { InputError } from "../../errors.ts";
import { inferenceProgram } from "../../models/inference.ts";
import { describeNetwork } from "../../training/description.ts";
import { evaluateNetwork } from "../../training/evaluate.ts";
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
