import { assertRejects } from "@std/assert";
import { InputError } from "../../errors.ts";
import { inferenceProgram } from "../../models/inference.ts";
import { evaluateNetwork } from "../../training/evaluate.ts";
import { train } from "../../training/train.ts";
import { tinyTraining } from "../support/tiny_training.ts";

Deno.test("labels that are none of the network's classes are refused before anything runs", async () => {
  const options = await tinyTraining();
  const { model, backend, train: images, normalization } = options;
  const format = { input: images.shape, normalization };
  const network = { program: (size: number) => inferenceProgram(model, format, size) };
  for (const label of [3, -1]) {
    images.targets.labels.data[7] = label;
    const expected = `image 7 has the label ${label}; expected 0 to 2`;
    await assertRejects(() => train(options), InputError, expected);
    await assertRejects(() => evaluateNetwork(network, images, backend), InputError, expected);
  }
});
