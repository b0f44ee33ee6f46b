/** Checks that a training resumes from any of its positions as if never interrupted. */
import { assertEquals } from "@std/assert";
import { train, type TrainOptions } from "../../training/train.ts";
import { MemoryStore, type SavedPosition } from "./memory_store.ts";
import { tinyTraining } from "./tiny_training.ts";

/**
 * Trains, saving at every step, then resumes from each saved position, and compares the bits of the
 * results.
 *
 * @returns the positions in order
 */
export async function assertResumesExactly(
  options: Partial<TrainOptions>,
  training = tinyTraining,
): Promise<SavedPosition[]> {
  // Workers would only cost time; they change no bit.
  options = { workers: 0, ...options };
  const uninterrupted = new MemoryStore();
  await train(await training({ ...options, store: uninterrupted, saveEverySteps: 1 }));
  const positions = uninterrupted.saves.filter(({ kind }) => kind === "last");
  for (const { state, tensors, log } of positions) {
    const store = new MemoryStore(log);
    const resume = { state: JSON.parse(JSON.stringify(state)), tensors };
    await train(await training({ ...options, store, saveEverySteps: 1, resume }));
    if (store.last) assertEquals(store.last, uninterrupted.last, `from step ${state.step}`);
    else assertEquals(state, uninterrupted.last?.state);
  }
  return positions;
}
