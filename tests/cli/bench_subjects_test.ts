import { assert } from "@std/assert";
import { referenceBackend } from "../../backends/registry.ts";
import { trainingOf } from "../../cli/bench_subjects.ts";
import { buildModel } from "../../models/registry.ts";
import { changedInput, type TrainingChanges } from "../../training/image_input.ts";
import { type ObjectiveChoice, OBJECTIVES } from "../../training/objectives/registry.ts";
import { resolveRecipe } from "../../training/recipe.ts";
import type { StepResult } from "../../training/session.ts";

const IMAGES = {
  input: { height: 4, width: 4, channels: 1 },
  normalization: { mean: [0.5], std: [0.25] },
};

const CHANGES: TrainingChanges = {
  augmentation: [{ name: "random_erasing", value: "random" }],
  mixing: { mixup: {}, cutmix: {} },
};

for (const name of Object.keys(OBJECTIVES)) {
  Deno.test(`bench can time a training step of two shards with the objective ${name}`, async () => {
    const model = buildModel("layers", {
      classes: 3,
      inputChannels: 1,
      inputSize: 4,
      layers: ["flatten", { linear: { outFeatures: 3 } }],
    });
    model.initialize(0);
    const options = {
      optimizer: { name: "sgd", learningRate: 0.1 },
      objective: name as ObjectiveChoice,
    } as const;
    const subject = await trainingOf(
      referenceBackend(),
      {
        recipe: resolveRecipe(model, options, { classes: 3 }),
        ...changedInput(IMAGES, CHANGES),
        seed: 0,
        batchSize: 8,
        shards: 2,
      },
      IMAGES.input,
      CHANGES,
    );
    const results = await subject.step(0) as StepResult[];
    subject[Symbol.dispose]();
    assert(results.every(({ loss, sums }) => loss > 0 && sums.count === 8));
    assert(results.length === 2);
  });
}
