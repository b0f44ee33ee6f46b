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

/** Trains a network in which no image's loss depends on other images. */
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

/** Of 20 images: the last step has fewer batches, a smaller batch or both, or is dropped. */
const CASES = [
  { batchSize: 4, accumulate: 2 },
  { batchSize: 3, accumulate: 4 },
  { batchSize: 7, accumulate: 3 },
  { batchSize: 3, accumulate: 2, dropLast: true },
  // The weights' sums differ from batch to batch.
  { batchSize: 3, accumulate: 4, classWeights: [0.5, 3, 1] },
];

for (const { batchSize, accumulate, dropLast = false, classWeights } of CASES) {
  const name = `${accumulate} batches of ${batchSize} images train as one large batch`;
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

Deno.test("batch-norm statistics are updated by each batch of a step", async () => {
  const store = new MemoryStore();
  await train(await tinyTraining({ batchSize: 3, accumulate: 2, epochs: 1, workers: 0, store }));
  assertEquals(store.last?.state.step, 4);
  assertEquals(store.last?.tensors.model.get("1.num_batches_tracked")?.data[0], 7);
});

Deno.test("a step with non-finite scaled gradients changes only the scale", async () => {
  await assertChangesOnlyTheScale({ batchSize: 3, accumulate: 2 }, 2);
});

const ACCUMULATED = { batchSize: 3, accumulate: 2, freeze: { names: ["0", "1"], epochs: 1 } };

Deno.test("training with accumulation resumes exactly, even across a release", async () => {
  const positions = await assertResumesExactly(ACCUMULATED);
  assertEquals(positions[positions.length - 1].state.step, 8);
});

testOnEveryBackend(
  "training with accumulation and released layers agrees with the reference",
  (backend) => assertTrainsAsReference(ACCUMULATED, backend),
);

Deno.test("training interrupted within a step repeats the whole step, to the same bits", async () => {
  const uninterrupted = new MemoryStore();
  const whole = await tinyTraining({ ...ACCUMULATED, workers: 0, store: uninterrupted });
  await train(whole);
  const controller = new AbortController();
  let read = 0;
  // The first image of the third batch, which begins the second step.
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
  assertEquals(rest.last, uninterrupted.last);
});

Deno.test("steps are counted, and fewer images than a step needs are refused", () => {
  const steps = (count: number, dropLast: boolean) =>
    countSteps({ count }, { batchSize: 4, accumulate: 3, dropLast });
  assertEquals([steps(24, true), steps(35, true), steps(25, false)], [2, 2, 3]);
  const error = assertThrows(() => steps(11, true), InputError, "4, times 3 per step");
  assertEquals(error.at, ["batchSize"]);
});
