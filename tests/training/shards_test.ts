import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Backend, TensorData } from "../../backends/backend.ts";
import { cpuBackend } from "../../backends/wasm/mod.ts";
import { referenceBackend } from "../../backends/reference/reference.ts";
import { InputError } from "../../errors.ts";
import { DROPOUT_STEP } from "../../layers/dropout.ts";
import { buildModel } from "../../models/registry.ts";
import { sum } from "../../reporting/statistics.ts";
import { planSession, type SessionOptions } from "../../training/session_plan.ts";
import { resolveRecipe } from "../../training/recipe.ts";
import { trainingPrograms } from "../../training/programs.ts";
import { contributionVariable } from "../../training/variables.ts";
import { TrainingSession } from "../../training/session.ts";
import { shardCount } from "../../training/shard_count.ts";
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
import { someNumbers } from "../support/run_module.ts";
import { TINY_BODY, TINY_MODEL, tinyTraining } from "../support/tiny_training.ts";
import { tensorInput } from "../support/training_programs.ts";

/** Trains a network in which no image's loss depends on other images. */
async function trained(options: Partial<TrainOptions>) {
  const model = independentModel();
  const { state } = await train(
    await tinyTraining({ model, workers: 0, mixing: undefined, clip: { norm: 0.1 }, ...options }),
  );
  return { state, model };
}

/** Of 20 images: the last step has fewer shards, a smaller shard or both, or is dropped. */
const CASES = [
  { batchSize: 16, shards: 4 },
  { batchSize: 12, shards: 4 },
  { batchSize: 18, shards: 6 },
  { batchSize: 12, shards: 3, dropLast: true },
  // The weights' sums differ from shard to shard.
  { batchSize: 12, shards: 4, classWeights: [0.5, 3, 1] },
];

for (const { batchSize, shards, dropLast = false, classWeights } of CASES) {
  const kind = `${dropLast ? ", the last images dropped" : ""}${classWeights ? ", weighted" : ""}`;
  Deno.test(`a batch of ${batchSize} in ${shards} shards trains as a whole batch${kind}`, async () => {
    const objective = { name: "classification", labelSmoothing: 0.1, classWeights } as const;
    const options = { dropLast, objective, batchSize };
    const expected = await trained(options);
    const found = await trained({ ...options, shards });
    assertEquals(found.state.step, expected.state.step);
    assertSameWeights(found.model, expected.model, 1e-5);
  });
}

/** 23 images in shards of 4, of which the last has 3. */
const SIZES = [4, 4, 4, 4, 4, 3];

function shardOf(index: number) {
  const count = SIZES[index];
  const arrays: Record<string, TensorData> = {
    x: someNumbers([count, 2, 6, 6]).map((value) => value * (index + 1)),
    labels: Int32Array.from({ length: count }, (_, i) => (index + i) % 3),
    [DROPOUT_STEP]: Int32Array.of(0),
  };
  return { arrays, count };
}

/** A session of plain steps, which subtract the gradient from the parameters. */
async function sessionOf(backend: Backend, options: Partial<SessionOptions>) {
  const model = buildModel("layers", {
    ...TINY_MODEL,
    layers: [...TINY_BODY, { linear: { outFeatures: 3 } }],
  });
  model.initialize(1);
  const recipe = resolveRecipe(model, { optimizer: { name: "sgd", learningRate: 1 } }, {
    classes: 3,
  });
  const plan = planSession(backend, {
    recipe,
    traceInput: tensorInput([2, 6, 6]),
    batchSize: 4,
    lastBatchSize: 3,
    seed: 0,
    ...options,
  });
  return await TrainingSession.create(backend, plan);
}

const RATES = { learningRate: 1 };

/** The mean of the states after a step on each shard alone, weighted by their images. */
async function meanOfShards(): Promise<Map<string, number[]>> {
  const mean = new Map<string, number[]>();
  for (const [index, size] of SIZES.entries()) {
    const session = await sessionOf(referenceBackend(), {});
    await session.train(shardOf(index), { step: 0 }, RATES);
    for (const [name, { data }] of (await session.snapshot()).model) {
      const before = mean.get(name) ?? Array.from(data, () => 0);
      const share = size / sum(SIZES);
      mean.set(name, before.map((value, i) => value + Number(data[i]) * share));
    }
    session.dispose();
  }
  return mean;
}

testOnEveryBackend(
  "batch norm normalizes each shard separately, and a step is the mean of the shards' steps",
  async (backend) => {
    const expected = await meanOfShards();
    const session = await sessionOf(backend, { shards: 8 });
    const parts = SIZES.length;
    await Promise.all(
      SIZES.map((_, part) =>
        session.train(shardOf(part), { step: 0, part, parts, endsStep: part === parts - 1 }, RATES)
      ),
    );
    for (const [name, { data }] of (await session.snapshot()).model) {
      expected.get(name)!.forEach((value, i) => {
        assertAlmostEquals(Number(data[i]), value, 1e-5 * Math.max(1, Math.abs(value)), name);
      });
    }
    session.dispose();
  },
);

/** With all kinds of state, layers that are released and a last step of fewer shards. */
const SHARDED = { batchSize: 8, shards: 4, freeze: { names: ["0", "1"], epochs: 1 } };

Deno.test("training in shards resumes exactly, even across a release", async () => {
  const positions = await assertResumesExactly({ ...SHARDED, batchSize: 12 });
  assertEquals(positions[positions.length - 1].state.step, 4);
});

testOnEveryBackend(
  "training in shards with every kind of state agrees with the reference",
  (backend) => assertTrainsAsReference(SHARDED, backend),
);

Deno.test("a batch norm counts a step of several shards once", async () => {
  const store = new MemoryStore();
  await train(await tinyTraining({ ...SHARDED, epochs: 2, workers: 0, store }));
  assertEquals(store.last?.state.step, 6);
  // Frozen in the first epoch.
  assertEquals(store.last?.tensors.model.get("1.num_batches_tracked")?.data[0], 3);
});

Deno.test("a step in shards with non-finite scaled gradients changes only the scale", async () => {
  await assertChangesOnlyTheScale({ batchSize: 6, shards: 2 }, 1);
});

Deno.test("the norms of a step in shards are those of the mean gradient", async () => {
  const normsOf = async (shards: number) => {
    const norms: unknown[] = [];
    await trained({
      batchSize: 20,
      shards,
      logEvery: 1,
      logNorms: true,
      observer: { step: (event) => norms.push(event.norms) },
    });
    return norms as Record<string, number>[];
  };
  const expected = await normsOf(1);
  (await normsOf(5)).forEach((norms, step) => {
    for (const [name, value] of Object.entries(norms)) {
      assertAlmostEquals(value, expected[step][name], 1e-4, name);
    }
  });
});

Deno.test("a batch in shards takes the memory of one shard and of the sums", () => {
  const backend = cpuBackend({ threads: 1 });
  const model = buildModel("cifar_resnet20_v1", { classes: 10 });
  const recipe = resolveRecipe(model, { optimizer: { name: "sgd", learningRate: 1 } }, {
    classes: 10,
  });
  const planned = (shards: number) => {
    const traceInput = tensorInput([3, 32, 32]);
    return backend.plan(trainingPrograms({ recipe, traceInput, batchSize: 64 / shards, shards }));
  };
  const [whole, cut] = [planned(1), planned(8)];
  assert(cut.temporaryBytes < whole.temporaryBytes / 6);
  // The contribution and three pending sums.
  const added = 4 * 4 * contributionVariable(recipe).size;
  assertAlmostEquals(cut.variableBytes - whole.variableBytes, added, 4096);
});

const fits = { batchSize: 96, accumulate: 1 };

Deno.test("auto gives each rank one shard", () => {
  assertEquals(shardCount({ ...fits, shards: "auto" }, { size: 1 }), 1);
  assertEquals(shardCount({ ...fits, shards: "auto" }, { size: 4 }), 4);
  assertEquals(shardCount({ ...fits, shards: 12 }, { size: 4 }), 12);
});

for (
  const { shards, size = 1, accumulate = 1, text, at = "shards" } of [
    { shards: 7, text: "write batchSize: 91 or 98, or shards: 6 or 8" },
    { shards: 6, size: 4, text: "4 ranks cannot share 6 shards evenly; start 1 or 2 or 3 or 6" },
    { shards: 20, size: 4, text: "or shards: 16 or 24" },
    { shards: "auto", size: 5, text: "write batchSize: 95 or 100", at: "batchSize" },
    { shards: 2, accumulate: 3, text: "write batchSize: 288 with shards: 6" },
    { shards: "auto", size: 4, accumulate: 3, text: "with shards: 12", at: "batchSize" },
  ] as const
) {
  Deno.test(`shards that do not fit are refused: ${text}`, () => {
    const error = assertThrows(
      () => shardCount({ ...fits, shards, accumulate }, { size }),
      InputError,
      text,
    );
    assertEquals(error.at, [at]);
  });
}

Deno.test("train refuses shards that do not divide the batch", async () => {
  const options = await tinyTraining({ batchSize: 6, shards: 4 });
  await assertRejects(() => train(options), InputError, "cannot be cut into 4 shards");
});
