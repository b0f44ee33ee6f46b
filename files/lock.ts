/** Locks: one process at a time. */
import { dirname } from "node:path";

/**
 * Runs `work` while holding an exclusive lock on the file `path`, which is created, with its folder, if it
 * is missing, and stays behind, empty. Other processes that lock the same file wait; `onWait` is called if
 * this one has to. The system releases the lock of a process that dies.
 */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  onWait?: () => void,
): Promise<T> {
  await Deno.mkdir(dirname(path), { recursive: true });
  using file = await Deno.open(path, { write: true, create: true });
  if (!await file.tryLock(true)) {
    onWait?.();
    await file.lock(true);
  }
  return await work();
}
