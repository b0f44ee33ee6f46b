/** A step with non-finite scaled gradients. */
import { assertEquals } from "@std/assert";
import { train, type TrainOptions } from "../../training/train.ts";
import { MemoryStore } from "./memory_store.ts";
import { tinyTraining } from "./tiny_training.ts";

/**
 * Asserts that a first step with non-finite scaled gradients changes only the scale.
 *
 * @param options of the training: the batches of a step
 * @param tracked the batches that a batch norm has counted after the second step
 */
export async function assertChangesOnlyTheScale(
  options: Partial<TrainOptions>,
  tracked: number,
): Promise<void> {
  const store = new MemoryStore();
  const lossScale = { initialScale: 3e38, backoffFactor: 2 ** -20 };
  const training = await tinyTraining({
    ...options,
    workers: 0,
    lossScale,
    store,
    saveEverySteps: 1,
  });
  const { data } = training.model.namedParameters().get("6.weight")!;
  data.forEach((_, i) => data[i] = i % 2 === 0 ? 1000 : -1000);
  await train(training);
  const [start, first, second] = store.saves.map(({ tensors }) => tensors);
  assertEquals(first.lossScale, Float32Array.of(3e38 * 2 ** -20, 0));
  assertEquals([first.model, first.ema], [start.model, start.ema]);
  assertEquals(second.model.get("1.num_batches_tracked")?.data[0], tracked);
}
