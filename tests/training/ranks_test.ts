import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Backend } from "../../backends/backend.ts";
import { referenceBackend } from "../../backends/reference/reference.ts";
import { cpuBackend } from "../../backends/wasm/mod.ts";
import type { StateDict } from "../../layers/module.ts";
import { ALONE, type Ranks } from "../../ranks/ranks.ts";
import type { TrainingOutcome } from "../../training/observer.ts";
import { train, type TrainOptions } from "../../training/train.ts";
import { onRanks } from "../support/memory_ranks.ts";
import { MemoryStore } from "../support/memory_store.ts";
import { tinyTraining } from "../support/tiny_training.ts";

/**
 * Of 20 images in steps of 16, in 8 shards of two: 2 epochs, the last step of each with 2 shards. With
 * crop, flip, erasing, mixing, dropout, clipping, averages, batch norm.
 */
const OPTIONS: Partial<TrainOptions> = {
  batchSize: 16,
  shards: 8,
  workers: 0,
  evaluationBatchSize: 2,
  logEvery: 1,
  logNorms: "parameters",
  saveEverySteps: 1,
};

interface Trained {
  readonly outcome: TrainingOutcome;
  readonly store: MemoryStore;
  readonly weights: StateDict;
}

/** What becomes of a training on each of some ranks. */
async function trainedOn(
  size: number,
  options: Partial<TrainOptions> | ((ranks: Ranks) => Partial<TrainOptions>) = {},
  backend: () => Backend = () => cpuBackend({ threads: 1 }),
): Promise<Trained[]> {
  const onRank = async (ranks: Ranks): Promise<Trained> => {
    const store = new MemoryStore();
    const own = typeof options === "function" ? options(ranks) : options;
    const training = await tinyTraining({ ...OPTIONS, ranks, ...own }, backend());
    const kept = ranks.rank === 0 ? { store } : {};
    const outcome = await train({ ...training, ...kept });
    return { outcome, store, weights: training.model.stateDict() };
  };
  return size === 1 ? [await onRank(ALONE)] : await onRanks(size, onRank);
}

const alone = await trainedOn(1);

for (const size of [2, 4, 8]) {
  Deno.test(`${size} ranks train to the bits of one`, async () => {
    const [expected] = alone;
    const all = await trainedOn(size);
    assertEquals(all[0].store.lines, expected.store.lines);
    assertEquals(all[0].store.saves, expected.store.saves);
    for (const { outcome, weights } of all) {
      assertEquals(outcome, expected.outcome);
      assertEquals(weights, expected.weights);
    }
  });
}
