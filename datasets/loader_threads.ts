/** The number of threads that prepare batches. */
import type { ImageSource } from "./image_source.ts";
import { JOBS_PER_WORKER } from "./loader_workers.ts";

/**
 * The number of threads that prepare batches, and the number of batch slots.
 *
 * @param processes that share the cores of this machine. Default 1
 */
export function threadsAndSlots(
  source: Pick<ImageSource, "handle" | "reads">,
  workers: number | "auto",
  batchCount: number,
  processes = 1,
): { readonly helpers: number; readonly slots: number } {
  const helpers = source.handle ? Math.min(workersFor(source, workers, processes), batchCount) : 0;
  // One used by the training loop, one ready, and those being filled.
  return { helpers, slots: helpers === 0 ? 1 : 2 + JOBS_PER_WORKER * helpers };
}

/** Default limit of decoding threads, as each needs memory of its own. */
const MAX_DECODERS = 16;

function workersFor(
  { reads }: Pick<ImageSource, "reads">,
  wanted: number | "auto",
  processes: number,
): number {
  if (!reads) return wanted === "auto" ? 1 : wanted;
  // Untrusted files are not decoded in the training thread.
  if (wanted !== "auto") return Math.max(1, wanted);
  const cores = Math.floor(navigator.hardwareConcurrency / processes);
  return Math.max(1, Math.min(MAX_DECODERS, cores - 1));
}
