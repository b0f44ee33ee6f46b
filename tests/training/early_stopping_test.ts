import { assertEquals, assertRejects } from "@std/assert";
import type { Memory } from "../../checkpoints/run_state.ts";
import { InputError } from "../../errors.ts";
import {
  earlyStoppingOf,
  hasStoppedEarly,
  rememberValidation,
} from "../../training/early_stopping.ts";
import { objectiveOf } from "../../training/objectives/registry.ts";
import { type TrainOptions } from "../../training/train.ts";
import { train } from "../../training/train.ts";
import { MemoryStore } from "../support/memory_store.ts";
import { assertResumesExactly } from "../support/resumes.ts";
import { tinyTraining } from "../support/tiny_training.ts";

const objective = objectiveOf("classification", 3);

/** The number of validations after which a training stops; undefined if it does not. */
function stopsAfter(
  values: number[],
  options: NonNullable<TrainOptions["earlyStopping"]>,
): number | undefined {
  const stopping = earlyStoppingOf(objective, objective.monitor, {
    minDelta: 0,
    patience: 1,
    ...options,
  });
  let memory: Memory | undefined;
  const at = values.findIndex((value) => {
    memory = rememberValidation(stopping!, { loss: value, accuracy: value, count: 1 }, memory);
    return hasStoppedEarly(stopping!, memory);
  });
  return at < 0 ? undefined : at + 1;
}

Deno.test("training stops after `patience` validations in a row without improvement", () => {
  assertEquals(stopsAfter([0.1, 0.2, 0.2, 0.1, 0.3, 0.3, 0.2], { patience: 3 }), undefined);
  assertEquals(stopsAfter([0.1, 0.2, 0.2, 0.1, 0.2, 0.3], { patience: 3 }), 5);
  assertEquals(stopsAfter([3, 2, 2.5, 1, 1, 1], { patience: 2, metric: "loss" }), 6);
  assertEquals(stopsAfter([3, 2, 2.5, 1], { patience: 2, metric: "loss", mode: "max" }), 3);
});

Deno.test("an improvement must exceed minDelta, and NaN is never one", () => {
  const options = { patience: 2, minDelta: 0.1 };
  assertEquals(stopsAfter([0.1, 0.15, 0.25, 0.3, 0.35], options), 5);
  assertEquals(stopsAfter([1, 0.95, 0.85, 0.8, 0.75], { ...options, metric: "loss" }), 5);
  assertEquals(stopsAfter([NaN, NaN], options), 2);
  assertEquals(stopsAfter([0.1, NaN, 0.3, NaN], options), undefined);
});

/** No validation is this much better than the first. */
const STUCK = { epochs: 6, earlyStopping: { patience: 2, minDelta: 10 } } as const;

Deno.test("training that stopped early resumes exactly and continues with more patience", async () => {
  const positions = await assertResumesExactly(STUCK);
  const last = positions[positions.length - 1];
  assertEquals([last.state.epoch, last.state.earlyStopping?.bad], [3, 2]);
  const store = new MemoryStore(last.log);
  const over = await train(await tinyTraining({ ...STUCK, store, resume: last }));
  assertEquals([over.status, store.saves], ["stopped early", []]);
  const earlyStopping = { ...STUCK.earlyStopping, patience: 3 };
  const longer = await train(await tinyTraining({ ...STUCK, earlyStopping, resume: last }));
  assertEquals([longer.status, longer.state.epoch], ["stopped early", 4]);
});

Deno.test("early stopping without validations or with an unknown metric is refused", async () => {
  const without = await tinyTraining({ ...STUCK, validation: undefined });
  const error = await assertRejects(() => train(without), InputError, "give images to validate on");
  assertEquals(error.at, ["earlyStopping"]);
  const earlyStopping = { metric: "mAP" };
  const unknown = await tinyTraining({ ...STUCK, earlyStopping });
  assertEquals((await assertRejects(() => train(unknown), InputError)).at, [
    "earlyStopping",
    "metric",
  ]);
});
