import { assertRejects } from "@std/assert";
import { InputError } from "../../errors.ts";
import { train, type TrainOptions } from "../../training/train.ts";
import { tinyTraining } from "../support/tiny_training.ts";

/** Options as a program without types may give them. */
const MISTAKES: Readonly<Record<string, unknown>> = {
  "epochs is 0": { epochs: 0 },
  "epochs is 1.5": { epochs: 1.5 },
  "validateEvery is 0": { validateEvery: 0 },
  "saveEveryMinutes is -1": { saveEveryMinutes: -1 },
  "seed is -1": { seed: -1 },
  "optimizer.name is sgdd": { optimizer: { name: "sgdd" } },
  "optimizer.learningRate is -1": { optimizer: { name: "adam", learningRate: -1 } },
  "optimizer.learningRate is NaN": { optimizer: { name: "sgd" } },
  "schedule.name is foo": { schedule: { name: "foo" } },
  "gives the learning rate NaN": { schedule: { name: "step" } },
  "labelSmoothing is 2": { labelSmoothing: 2 },
  "ema.decay is 2": { ema: { decay: 2 } },
  "clip.norm is -1": { clip: { norm: -1 } },
  "clip.norm is NaN": { clip: { nrm: 1 } },
};

for (const [message, options] of Object.entries(MISTAKES)) {
  Deno.test(`train refuses options that make no sense: ${message}`, async () => {
    const given = await tinyTraining(options as Partial<TrainOptions>);
    await assertRejects(() => train(given), InputError, message);
  });
}
