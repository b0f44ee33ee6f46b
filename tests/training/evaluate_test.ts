import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { referenceBackend } from "../../backends/reference/reference.ts";
import { readImages } from "../../datasets/image_source.ts";
import { inSeveralViews } from "../../datasets/sources/transformed.ts";
import { InputError } from "../../errors.ts";
import type { Program } from "../../graph/types.ts";
import { inferenceProgram } from "../../models/inference.ts";
import { foldModel } from "../../networks/fold.ts";
import { networkProgram } from "../../networks/network.ts";
import { multiply } from "../../ops/multiply.ts";
import { sum } from "../../ops/sum.ts";
import { describeNetwork } from "../../training/description.ts";
import { evaluateNetwork } from "../../training/evaluate.ts";
import type { Objective } from "../../training/objectives/objective.ts";
import { objectiveOf } from "../../training/objectives/registry.ts";
import { train } from "../../training/train.ts";
import { tinyDataset, tinyTraining } from "../support/tiny_training.ts";

Deno.test("a folded network has the accuracy of the model it was folded from", async () => {
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

Deno.test("an objective that does not ignore filling gets none", async () => {
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

Deno.test("a network is not evaluated by an objective with another activation", async () => {
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

/** The logits of images of 6x6x2, mirrored or not, [images, 3]. */
async function logitsOf(program: (batchSize: number) => Program, isMirrored: boolean) {
  const { test } = await tinyDataset();
  const pixels = await readImages(test);
  const shown = isMirrored
    ? pixels.map((_, i) => {
      const [row, column, channel] = [Math.floor(i / 12), Math.floor(i / 2) % 6, i % 2];
      return pixels[row * 12 + (5 - column) * 2 + channel];
    })
    : pixels;
  const executable = await referenceBackend().compile([program(test.count)]);
  return (await executable.run("infer", { pixels: shown })).logits;
}

for (const ignoresFilling of [true, false]) {
  Deno.test(`probabilities of views are averaged, ${ignoresFilling ? "with" : "without"} filling`, async () => {
    const { model, backend } = await tinyTraining();
    const data = await tinyDataset();
    const description = describeNetwork("tiny", data, "classification");
    const network = foldModel(model, description);
    const program = (batchSize: number) => networkProgram(network, batchSize);
    const [plain, mirrored] = [await logitsOf(program, false), await logitsOf(program, true)];
    const { labels } = data.test.targets;
    let [loss, correct] = [0, 0];
    for (let n = 0; n < data.test.count; n++) {
      const softmax = (logits: Float32Array) => {
        const powers = [0, 1, 2].map((c) => Math.exp(logits[3 * n + c]));
        return powers.map((power) => power / powers.reduce((a, b) => a + b));
      };
      const [one, other] = [softmax(plain), softmax(mirrored)];
      const mean = one.map((probability, c) => (probability + other[c]) / 2);
      loss -= Math.log(mean[labels.data[n]]) / data.test.count;
      if (mean.indexOf(Math.max(...mean)) === labels.data[n]) correct++;
    }
    const objective = { ...objectiveOf("classification", 3), ignoresFilling };
    const images = inSeveralViews(data.test, "flip");
    for (const batchSize of [4, 64]) {
      const options = { objective, views: 2, batchSize };
      const metrics = await evaluateNetwork(network, images, backend, options);
      assertAlmostEquals(metrics.loss, loss, 1e-6);
      assertEquals(metrics.accuracy, correct / data.test.count);
      assertEquals(metrics.count, 7);
    }
    const { loss: single } = await evaluateNetwork(network, data.test, backend);
    assert(Math.abs(single - loss) > 1e-5);
  });
}
