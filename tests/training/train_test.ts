import { assertEquals, assertRejects } from "@std/assert";
import { InputError, type OptionPath } from "../../errors.ts";
import { loadDataset } from "../../datasets/open.ts";
import { objectiveOf } from "../../training/objectives/registry.ts";
import { train, type TrainOptions } from "../../training/train.ts";
import { tinyTraining } from "../support/tiny_training.ts";

/** Invalid options, as untyped code may pass them, and the errors. */
const MISTAKES: readonly [options: Record<string, unknown>, at: OptionPath, text: string][] = [
  [{ epochs: 0 }, ["epochs"], "epochs: found 0, expected an integer of at least 1"],
  [{ epochs: 1.5 }, ["epochs"], "epochs: found 1.5"],
  [{ validateEvery: 0 }, ["validateEvery"], "validateEvery: found 0"],
  [{ saveEveryMinutes: -1 }, ["saveEveryMinutes"], "saveEveryMinutes: found -1"],
  [{ seed: -1 }, ["seed"], "seed: found -1"],
  [{ optimizer: { name: "sgdd" } }, ["optimizer", "name"], 'did you mean "sgd"?'],
  [
    { optimizer: { name: "adam", learningRate: -1 } },
    ["optimizer", "learningRate"],
    "optimizer.learningRate: found -1, expected a number above 0",
  ],
  [
    { optimizer: { name: "sgd" } },
    ["optimizer", "learningRate"],
    "optimizer.learningRate: missing",
  ],
  [
    { optimizer: { name: "adam", momentum: 0.9 } },
    ["optimizer", "momentum"],
    "optimizer.momentum: unknown key",
  ],
  [{ schedule: { name: "foo" } }, ["schedule", "name"], 'schedule.name: found "foo"'],
  [{ schedule: { name: "step" } }, ["schedule", "stepSize"], "schedule.stepSize: missing"],
  [
    { objective: { name: "classification", labelSmoothing: 2 } },
    ["objective", "labelSmoothing"],
    "labelSmoothing: found 2",
  ],
  [{ ema: { decay: 2 } }, ["ema", "decay"], "ema.decay: found 2"],
  [{ clip: { norm: -1 } }, ["clip", "norm"], "clip.norm: found -1"],
  [{ clip: { nrm: 1 } }, ["clip", "nrm"], 'clip.nrm: unknown key; did you mean "norm"?'],
  [{ lossScale: { growth: 2 } }, ["lossScale", "growth"], "lossScale.growth: unknown key"],
  [{ epoch: 3 }, ["epoch"], 'epoch: unknown option; did you mean "epochs"?'],
  [{ labelSmoothing: 0.1 }, ["labelSmoothing"], "now an option of the objective"],
  [{ objective: null }, ["objective"], "objective: found nothing"],
  [{ objective: { name: "multi_label", loss: 1 } }, ["objective", "loss"], "loss: unknown key"],
  [{ augmentation: { flip: true } }, ["augmentation"], "found a mapping, expected a list"],
  [{ augmentation: null }, ["augmentation"], "found nothing, expected a list"],
  [{ augmentation: "flip" }, ["augmentation"], 'found "flip", expected a list'],
  [
    { augmentation: [{}] },
    ["augmentation", 0, "name"],
    "augmentation: found nothing, expected one of",
  ],
  [{ augmentation: [null] }, ["augmentation", 0], "found nothing, expected one of random_crop, "],
  [{ mixing: {} }, ["mixing"], "expected mixup, cutmix or both"],
  [{ mixing: { mixup: { alpha: 0 } } }, ["mixing", "mixup", "alpha"], "mixup.alpha: found 0"],
  [
    {
      mixing: { mixup: {} },
      objective: { ...objectiveOf("classification", 3), mixedTargets: undefined },
    },
    ["mixing"],
    "classification learns from labels, which cannot be mixed; remove mixing",
  ],
  [{ batchSize: 21, dropLast: true }, ["batchSize"], "there are only 20 images"],
  [{ freeze: ["conv9"] }, ["freeze", 0], '"conv9" fits no parameter'],
];

for (const [options, at, text] of MISTAKES) {
  Deno.test(`train refuses invalid options: ${text}`, async () => {
    const given = await tinyTraining(options as Partial<TrainOptions>);
    const error = await assertRejects(() => train(given), InputError, text);
    assertEquals(error.at, at);
  });
}

Deno.test("validation images must have the shape of the training images", async () => {
  const { test } = await loadDataset({ name: "synthetic", imageSize: 8, classes: 3, channels: 2 });
  const given = await tinyTraining({ validation: test });
  const error = await assertRejects(() => train(given), InputError);
  assertEquals(error.message, "the images are 8x8x2; expected 6x6x2, as those to train on");
  assertEquals(error.at, ["validation"]);
});
