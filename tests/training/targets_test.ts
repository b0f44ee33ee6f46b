import { assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../errors.ts";
import { inferenceProgram } from "../../models/inference.ts";
import { bareNames } from "../../schema/entry.ts";
import { evaluateNetwork } from "../../training/evaluate.ts";
import { objectiveOf, OBJECTIVES } from "../../training/objectives/registry.ts";
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

Deno.test("images without an objective's targets are refused, with the objective they are for", async () => {
  const options = await tinyTraining({ objective: "multi_label" });
  const error = await assertRejects(() => train(options), InputError);
  assertEquals(error.at, ["objective"]);
  const fitting = bareNames(OBJECTIVES).filter((name) =>
    objectiveOf(name, 3).targets.every(({ name }) => name === "labels")
  );
  assertEquals(fitting.includes("classification"), true);
  assertEquals(
    error.message,
    "multi_label learns from targets f32 [images, 3]; the images have labels i32 " +
      `[images]. Use the objective ${fitting.join(" or ")}, or other images`,
  );
});
