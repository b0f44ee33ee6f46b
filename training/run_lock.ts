/** The lock that lets only one process train a run. */
import { InputError } from "../errors.ts";
import type { Disk, DiskFile } from "../files/disk.ts";
import { explainRefusal } from "../files/refusal.ts";
import { lockOf } from "./run_files.ts";

/** A check whether a run is being trained holds its lock for an instant. */
const ATTEMPTS = 3;
const PAUSE = 20;

/**
 * Takes the lock of a run's folder; the system releases it when the process ends. Throws InputError
 * if another process has it.
 */
export async function lockRun(path: string, disk: Disk): Promise<DiskFile> {
  let file: DiskFile;
  try {
    file = await disk.open(lockOf(path), { write: true, create: true });
  } catch (error) {
    throw explainRefusal(path, error);
  }
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    // Some file systems have no locks.
    if (await file.tryLock(true).catch(() => true)) return file;
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
  file.close();
  throw new InputError(
    `${path}: another process has this run under way; wait for it, or choose another folder with ` +
      "--output",
  );
}
