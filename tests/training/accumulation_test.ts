import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import type { ImageSource } from "../../datasets/image_source.ts";
import { countSteps } from "../../training/data.ts";
import { train, type TrainOptions } from "../../training/train.ts";
import { testOnEveryBackend } from "../support/backends.ts";
import { assertChangesOnlyTheScale } from "../support/infinite_step.ts";
import { MemoryStore } from "../support/memory_store.ts";
import { assertResumesExactly } from "../support/resumes.ts";
import {
  assertSameWeights,
  assertTrainsAsReference,
  independentModel,
} from "../support/same_training.ts";
import { tinyTraining } from "../support/tiny_training.ts";

/** The model after a training of a network in which no image's loss depends on the others. */
async function trained(options: Partial<TrainOptions>) {
  const model = independentModel();
  const losses: number[] = [];
  const rates: number[] = [];
  const { state } = await train(
    await tinyTraining({
      model,
      workers: 0,
      mixing: undefined,
      epochs: 3,
      optimizer: { name: "sgd", learningRate: 0.2, momentum: 0.9, weightDecay: 0.01 },
      clip: { norm: 0.1 },
      observer: {
        step: ({ loss, learningRate }) => {
          losses.push(loss);
          rates.push(learningRate);
        },
      },
      ...options,
    }),
  );
  return { state, losses, rates, model };
}

/** Of 20 images: with a last step of fewer batches, of a smaller batch, of both, and without it. */
const CASES = [
  { batchSize: 4, accumulate: 2 },
  { batchSize: 3, accumulate: 4 },
  { batchSize: 7, accumulate: 3 },
  { batchSize: 3, accumulate: 2, dropLast: true },
  // By weights that differ from batch to batch.
  { batchSize: 3, accumulate: 4, classWeights: [0.5, 3, 1] },
];

for (const { batchSize, accumulate, dropLast = false, classWeights } of CASES) {
  const name = `${accumulate} batches of ${batchSize} images train as one of all of them`;
  const kind = `${dropLast ? ", the last images dropped" : ""}${classWeights ? ", weighted" : ""}`;
  Deno.test(name + kind, async () => {
    const objective = { name: "classification", labelSmoothing: 0.1, classWeights } as const;
    const options = { dropLast, objective };
    const expected = await trained({ ...options, batchSize: accumulate * batchSize });
    const found = await trained({ ...options, batchSize, accumulate });
    assertEquals(found.state.step, expected.state.step);
    assertEquals(found.rates, expected.rates);
    if (!classWeights) {
      found.losses.forEach((loss, i) => assertAlmostEquals(loss, expected.losses[i], 1e-6));
    }
    assertSameWeights(found.model, expected.model, 1e-6);
  });
}

Deno.test("a batch norm's statistics follow each batch of a step", async () => {
  const store = new MemoryStore();
  await train(await tinyTraining({ batchSize: 3, accumulate: 2, epochs: 1, workers: 0, store }));
  assertEquals(store.last?.state.step, 4);
  assertEquals(store.last?.tensors.model.get("1.num_batches_tracked")?.data[0], 7);
});

Deno.test("a step whose scaled gradients are not finite changes nothing but the scale", async () => {
  await assertChangesOnlyTheScale({ batchSize: 3, accumulate: 2 }, 2);
});

const ACCUMULATED = { batchSize: 3, accumulate: 2, freeze: { names: ["0", "1"], epochs: 1 } };

Deno.test("a training of steps of several batches resumes exactly, across a release too", async () => {
  const positions = await assertResumesExactly(ACCUMULATED);
  assertEquals(positions[positions.length - 1].state.step, 8);
});

testOnEveryBackend(
  "steps of several batches come to the same, with layers released",
  (backend) => assertTrainsAsReference(ACCUMULATED, backend),
);

Deno.test("a training that is stopped within a step goes on with the whole step, to the same bits", async () => {
  const unbroken = new MemoryStore();
  const whole = await tinyTraining({ ...ACCUMULATED, workers: 0, store: unbroken });
  await train(whole);
  const controller = new AbortController();
  let read = 0;
  // The first image of the third batch, with which the second step begins.
  const source: ImageSource = {
    ...whole.train,
    read(index, epoch, into) {
      if (++read === 7) controller.abort();
      return whole.train.read(index, epoch, into);
    },
  };
  const store = new MemoryStore();
  const options = { ...ACCUMULATED, workers: 0 };
  const { status, state } = await train(
    await tinyTraining({ ...options, store, train: source, signal: controller.signal }),
  );
  assertEquals([status, state.step], ["interrupted", 1]);
  assert(store.last);
  const rest = new MemoryStore(store.last.log);
  await train(await tinyTraining({ ...options, store: rest, resume: store.last }));
  assertEquals(rest.last, unbroken.last);
});

Deno.test("steps are counted, and images that make none are told with both numbers", () => {
  const steps = (count: number, dropLast: boolean) =>
    countSteps({ count }, { batchSize: 4, accumulate: 3, dropLast });
  assertEquals([steps(24, true), steps(35, true), steps(25, false)], [2, 2, 3]);
  const error = assertThrows(() => steps(11, true), InputError, "4, times 3 per step");
  assertEquals(error.at, ["batchSize"]);
});
