import { assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../errors.ts";
import { inferenceProgram } from "../../models/inference.ts";
import { bareNames } from "../../schema/entry.ts";
import { evaluateNetwork, type EvaluateOptions } from "../../training/evaluate.ts";
import { objectiveOf, OBJECTIVES } from "../../training/objectives/registry.ts";
import { train } from "../../training/train.ts";
import { tinyTraining } from "../support/tiny_training.ts";

Deno.test("labels out of range are refused before anything runs", async () => {
  const options = await tinyTraining();
  const { model, backend, train: images, normalization } = options;
  const format = { input: images.shape, normalization };
  const network = { program: (size: number) => inferenceProgram(model, format, size) };
  for (const label of [3, -1]) {
    images.targets.labels.data[7] = label;
    const expected = `image 7 has the label ${label}; expected 0 to 2`;
    const place = ["targets", "labels", 7];
    const error = await assertRejects(() => train(options), InputError, expected);
    assertEquals(error.at, ["train", ...place]);
    const evaluate = () => evaluateNetwork(network, images, backend);
    assertEquals((await assertRejects(evaluate, InputError, expected)).at, ["images", ...place]);
  }
});

Deno.test("invalid evaluation options are refused with their place", async () => {
  const { model, backend, train: images, normalization } = await tinyTraining();
  const format = { input: images.shape, normalization };
  const network = { program: (size: number) => inferenceProgram(model, format, size) };
  const refused: [EvaluateOptions, string, string[]][] = [
    [{ batchSize: -3 }, "batchSize: found -3, expected an integer of at least 1", ["batchSize"]],
    [{ objective: { name: "multi_label", threshold: 3 } }, "found 3", ["objective", "threshold"]],
  ];
  for (const [options, message, at] of refused) {
    const evaluate = () => evaluateNetwork(network, images, backend, options);
    assertEquals((await assertRejects(evaluate, InputError, message)).at, at);
  }
});

Deno.test("images without an objective's targets are refused, naming the objectives that fit", async () => {
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
