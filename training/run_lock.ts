/** The lock by which one process at a time has a run. */
import { InputError } from "../errors.ts";
import type { Disk, DiskFile } from "../files/disk.ts";
import { explainRefusal } from "../files/refusal.ts";
import { lockOf } from "./run_files.ts";

/** Whoever looks whether a run is under way has its lock for an instant. */
const ATTEMPTS = 3;
const PAUSE = 20;

/**
 * Takes the lock of a run's folder; the system releases that of a process that dies. Throws InputError
 * where another process has it.
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
