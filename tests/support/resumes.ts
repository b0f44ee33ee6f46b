/** Whether a training goes on from any of its positions as if it had not been stopped. */
import { assertEquals } from "@std/assert";
import { train, type TrainOptions } from "../../training/train.ts";
import { MemoryStore, type SavedPosition } from "./memory_store.ts";
import { tinyTraining } from "./tiny_training.ts";

/**
 * Trains, saving at every step, then from each position that was saved, and compares the bits of what
 * comes out.
 *
 * @returns the positions, the last one last
 */
export async function assertResumesExactly(
  options: Partial<TrainOptions>,
  training = tinyTraining,
): Promise<SavedPosition[]> {
  // Threads would only cost time: they change no bit.
  options = { workers: 0, ...options };
  const unbroken = new MemoryStore();
  await train(await training({ ...options, store: unbroken, saveEverySteps: 1 }));
  const positions = unbroken.saves.filter(({ kind }) => kind === "last");
  for (const { state, tensors, log } of positions) {
    const store = new MemoryStore(log);
    const resume = { state: JSON.parse(JSON.stringify(state)), tensors };
    await train(await training({ ...options, store, saveEverySteps: 1, resume }));
    if (store.last) assertEquals(store.last, unbroken.last, `from step ${state.step}`);
    else assertEquals(state, unbroken.last?.state);
  }
  return positions;
}
