import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { InputError, RunError } from "../../errors.ts";
import { train, type TrainOptions } from "../../training/train.ts";
import type { EpochEvent, StepEvent } from "../../training/observer.ts";
import type { Objective } from "../../training/objectives/objective.ts";
import { objectiveOf } from "../../training/objectives/registry.ts";
import { MemoryStore } from "../support/memory_store.ts";
import { tinyTraining } from "../support/tiny_training.ts";

Deno.test("training reports steps and epochs and logs the same numbers", async () => {
  const steps: StepEvent[] = [];
  const epochs: EpochEvent[] = [];
  const store = new MemoryStore();
  const { status, state } = await train(
    await tinyTraining({
      store,
      observer: { step: (event) => steps.push(event), epoch: (event) => epochs.push(event) },
    }),
  );
  assertEquals(status, "completed");
  assertEquals(steps.map(({ step, epoch, batch }) => [step, epoch, batch]), [
    [1, 1, 1],
    [2, 1, 2],
    [3, 1, 3],
    [4, 1, 4],
    [5, 2, 1],
    [6, 2, 2],
    [7, 2, 3],
    [8, 2, 4],
  ]);
  assertEquals(epochs.map(({ train, validation }) => [train.count, validation?.count]), [
    [20, 7],
    [20, 7],
  ]);
  for (const { seconds, dataWait } of epochs) assert(0 <= dataWait && dataWait < seconds);
  const entries = store.lines.map((line) => JSON.parse(line));
  assertEquals(entries.map(({ event, step }) => [event, step]), [
    ["step", 2],
    ["step", 4],
    ["epoch", 4],
    ["step", 6],
    ["step", 8],
    ["epoch", 8],
  ]);
  assertEquals(entries[1].loss, steps[3].loss);
  assertEquals(entries[5].validAccuracy, state.validation?.accuracy);
  const mean = steps.slice(4).reduce((sum, { loss }, i) => sum + loss * (i === 3 ? 2 : 6), 0) / 20;
  assertEquals(entries[5].loss, mean);
});

Deno.test("the first, last and best positions are saved, the best before the last", async () => {
  const store = new MemoryStore();
  const { state } = await train(await tinyTraining({ store, epochs: 3 }));
  const kinds = store.saves.map(({ kind, state: { epoch } }) => `${kind} ${epoch}`);
  assertEquals(kinds.slice(0, 3), ["last 0", "best 1", "last 1"]);
  assertEquals(kinds.filter((kind) => kind.startsWith("last")), [
    "last 0",
    "last 1",
    "last 2",
    "last 3",
  ]);
  assertEquals(store.saves.findLast(({ kind }) => kind === "best")?.state.best, state.best);
  const none = new MemoryStore();
  await train(await tinyTraining({ store: none, keepBest: false }));
  assertEquals(none.saves.every(({ kind }) => kind === "last"), true);
});

Deno.test("the best validation is the one with the best value of the monitored metric", async () => {
  const classification = objectiveOf("classification", 3);
  const kept = async (monitor?: TrainOptions["monitor"], objective: Objective = classification) => {
    const losses: number[] = [];
    const { state } = await train(
      await tinyTraining({
        epochs: 6,
        monitor,
        objective,
        optimizer: { name: "sgd", learningRate: 2 },
        observer: { epoch: ({ validation }) => void losses.push(validation?.loss ?? NaN) },
      }),
    );
    return { losses, best: state.best?.epoch ?? 0 };
  };
  const lowest = await kept({ metric: "loss" });
  assertEquals(lowest.losses[lowest.best - 1], Math.min(...lowest.losses));
  assertEquals((await kept("loss")).best, lowest.best);
  const highest = await kept({ metric: "loss", mode: "max" });
  assertEquals(highest.losses[highest.best - 1], Math.max(...highest.losses));
  assert(lowest.best !== highest.best);
  const undefinedMetric = await kept(undefined, {
    ...classification,
    summarize: (sums) => ({ ...classification.summarize(sums), accuracy: NaN }),
  });
  assertEquals(undefinedMetric, lowest);
  const error = await assertRejects(() => kept({ metric: "acuracy" }), InputError);
  assertStringIncludes(error.message, 'did you mean "accuracy"?');
  assertEquals(error.at, ["monitor", "metric"]);
  const byTitle = await tinyTraining({ objective: "multi_label", monitor: "mAP" });
  const titled = await assertRejects(() => train(byTitle), InputError);
  assertStringIncludes(titled.message, 'did you mean "meanAveragePrecision"?');
  assertEquals(titled.at, ["monitor"]);
});

Deno.test("validation happens every n epochs and after the last", async () => {
  const validated: number[] = [];
  await train(
    await tinyTraining({
      epochs: 5,
      validateEvery: 2,
      observer: { epoch: ({ epoch, validation }) => void (validation && validated.push(epoch)) },
    }),
  );
  assertEquals(validated, [2, 4, 5]);
});

Deno.test("the model has the averaged weights after training", async () => {
  const store = new MemoryStore();
  const options = await tinyTraining({ store });
  await train(options);
  const ema = store.last?.tensors.ema;
  assert(ema);
  for (const [name, { data }] of options.model.stateDict()) {
    assertEquals(data, ema.get(name)?.data, name);
  }
});

Deno.test("a non-finite loss stops the training, and the error names step, rate and checkpoint", async () => {
  const store = new MemoryStore();
  const options = await tinyTraining({
    store,
    epochs: 9,
    optimizer: { name: "sgd", learningRate: 1e4, momentum: 0.9 },
    schedule: { name: "exponential", gamma: 1e20 },
  });
  const { ema: _ema, clip: _clip, ...plain } = options;
  const error = await assertRejects(() => train(plain), RunError);
  assertStringIncludes(error.message, "the training diverged:");
  assertStringIncludes(error.message, "at step ");
  assertStringIncludes(error.message, "learning rate ");
  assertStringIncludes(error.message, "last good checkpoint is last.safetensors");
  const { event, step } = JSON.parse(store.lines.at(-1)!);
  assertEquals(event, "diverged");
  assertStringIncludes(error.message, `at step ${step + 1} `);
  for (const { data } of store.last?.tensors.model.values() ?? []) {
    assertEquals(Array.from(data, Number).every(Number.isFinite), true);
  }
});

Deno.test("non-finite initial weights are not blamed on the learning rate", async () => {
  const broken = async (store?: MemoryStore) => {
    const options = await tinyTraining({ store });
    options.model.namedParameters().get("6.weight")!.data[0] = NaN;
    const error = await assertRejects(() => train(options), RunError);
    assertStringIncludes(error.message, "before any weight was changed");
    assertEquals(error.message.includes("Lower training.optimizer.learningRate"), false);
    return error.message;
  };
  assertStringIncludes(await broken(new MemoryStore()), "6.weight holds NaN");
  assertStringIncludes(await broken(), "the loss is NaN");
});
