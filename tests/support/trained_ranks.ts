/** A tiny training on ranks in memory. */
import type { Backend } from "../../backends/backend.ts";
import { cpuBackend } from "../../backends/wasm/mod.ts";
import type { StateDict } from "../../layers/module.ts";
import { ALONE, type Ranks } from "../../ranks/ranks.ts";
import type { TrainingOutcome } from "../../training/observer.ts";
import { train, type TrainOptions } from "../../training/train.ts";
import { onRanks } from "../support/memory_ranks.ts";
import { MemoryStore } from "../support/memory_store.ts";
import { tinyTraining } from "../support/tiny_training.ts";

/**
 * 2 epochs of 20 images in steps of 8 shards of 2 images; the last step of each epoch has 2 shards.
 * With crop, flip, erasing, mixing, dropout, clipping, averages and batch norm.
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

export interface Trained {
  readonly outcome: TrainingOutcome;
  readonly store: MemoryStore;
  readonly weights: StateDict;
}

/** The results of a training on each of several ranks. */
export async function trainedOn(
  size: number,
  options: Partial<TrainOptions> | ((ranks: Ranks) => Partial<TrainOptions>) = {},
  backend: () => Backend = () => cpuBackend({ threads: 1 }),
): Promise<Trained[]> {
  const onRank = async (ranks: Ranks): Promise<Trained> => {
    const store = new MemoryStore();
    const own = typeof options === "function" ? options(ranks) : options;
    const training = await tinyTraining({ ...OPTIONS, ranks, ...own }, backend());
    const kept = ranks.rank === 0 ? { store: training.store ?? store } : {};
    const outcome = await train({ ...training, ...kept });
    return { outcome, store, weights: training.model.stateDict() };
  };
  return size === 1 ? [await onRank(ALONE)] : await onRanks(size, onRank);
}
